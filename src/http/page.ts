/** A short page for people. @param body trusted markup */
export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} – Facecode</title>
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}code{background:#8882;padding:.1em .3em;border-radius:.2em}:root{color-scheme:light dark}</style></head>
<body><main><h1>${title}</h1>${body}</main></body>
</html>
`;
}
