/** What of Swagger UI is used; it brings no types of its own. */
declare module 'swagger-ui-dist/swagger-ui-es-bundle.js' {
  interface Request {
    headers: Record<string, string>;
  }
  interface Options {
    readonly spec: object;
    readonly dom_id: string;
    readonly docExpansion: 'none';
    readonly filter: boolean;
    readonly validatorUrl: null;
    readonly requestInterceptor: (request: Request) => Request;
  }
  export default function SwaggerUI(options: Options): void;
}
