/** Our rooms' static files lie side by side in a browser; here, in folders of their own: a module is looked for in each. */

import { existsSync, readdirSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const statics = ["platform", "annotation", "datasets", "hooks"].flatMap((room) =>
  readdirSync(root + room).filter((name) => name.startsWith("lode_")).map((name) => `${root}${room}/${name}/static/`),
);

registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith(".") || !context.parentURL) return next(specifier, context);
    const wanted = fileURLToPath(new URL(specifier, context.parentURL));
    const from = statics.find((folder) => wanted.startsWith(folder));
    const found = from && statics.map((folder) => folder + wanted.slice(from.length)).find((path) => existsSync(path));
    return next(found ? pathToFileURL(found).href : specifier, context);
  },
});
