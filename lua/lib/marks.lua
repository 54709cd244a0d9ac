--- What the seats of a hold are marked with, by its state; one that was released has none. What the
-- house keeps back is to everybody else as good as sold.
return { LOCKED = '1', SOLD = '2', BLOCKED = '2' }
