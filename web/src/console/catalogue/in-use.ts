/** What still refers to an object that was to be removed, by name. */
import { Refused } from '../../api.ts';
import { stamp } from '../say.ts';
import { catalogueApi } from './api.ts';

interface Use {
  readonly kind: 'session' | 'seat-template';
  readonly id: string;
}
type Translate = (key: string, named: Record<string, unknown>) => string;

async function nameOf({ kind, id }: Use, t: Translate): Promise<string> {
  try {
    if (kind === 'seat-template') {
      const { name } = await catalogueApi.get('seat-templates', id);
      return t('catalogue.usedBy.seat-template', { name });
    }
    const { startsAt } = await catalogueApi.get('sessions', id);
    return t('catalogue.usedBy.session', { at: stamp(startsAt), id });
  } catch (error) {
    if (error instanceof Refused) return id;
    throw error;
  }
}

/** @throws Refused, which says by what the object is used, where that is why */
export async function saidInUse<Answer>(t: Translate, asking: Promise<Answer>): Promise<Answer> {
  try {
    return await asking;
  } catch (error) {
    const uses = error instanceof Refused && (error.data.usedBy as readonly Use[] | undefined);
    if (!uses || uses.length === 0) throw error;
    const names = await Promise.all(uses.map((use) => nameOf(use, t)));
    const said = t('catalogue.usedBy.all', { names: names.join('; ') });
    throw new Refused(error.word, error.status, said, { ...error.data });
  }
}
