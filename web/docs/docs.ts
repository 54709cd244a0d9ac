/**
 * The description of the API, to be read and tried out: for operators, so it asks for a token
 * first. On a development machine it can have one issued.
 */
import SwaggerUI from 'swagger-ui-dist/swagger-ui-es-bundle.js';
import 'swagger-ui-dist/swagger-ui.css';
import './docs.css';

const form = document.querySelector<HTMLFormElement>('#ask')!;
const field = document.querySelector<HTMLInputElement>('#token')!;
const said = document.querySelector<HTMLElement>('#said')!;

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

/** @throws Error with what a page can say */
async function answered(asking: Promise<Response>) {
  const response = await asking;
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail ?? answer.title);
  return answer;
}

async function open(token: string): Promise<void> {
  const spec = await answered(fetch('/openapi.json', { headers: bearer(token) }));
  form.hidden = true;
  SwaggerUI({
    spec,
    dom_id: '#docs',
    docExpansion: 'none',
    filter: true,
    validatorUrl: null,
    requestInterceptor: (request) => {
      request.headers = { ...bearer(token), ...request.headers };
      return request;
    },
  });
}

async function issued(): Promise<string> {
  const body = JSON.stringify({ uid: 'docs', role: 'operator' });
  const headers = { 'Content-Type': 'application/json' };
  const asking = fetch('/api/v1/dev/token', { method: 'POST', headers, body });
  return (await answered(asking)).token;
}

const show = (opening: Promise<void>): void => {
  opening.catch((error: Error) => {
    said.textContent = error.message;
  });
};
form.addEventListener('submit', (event) => {
  event.preventDefault();
  show(open(field.value.trim()));
});
document.querySelector('#issue')!.addEventListener('click', () => {
  show(issued().then(open));
});
