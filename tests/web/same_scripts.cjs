// Whether pairs of scripts mean the same: `node --expose-internals same_scripts.cjs` is given [[name, one, other], ...] as
// JSON and prints the names of those that differ. The parser is the one that Node carries.
const { parse } = require("internal/deps/acorn/acorn/dist/acorn");

const where = new Set(["start", "end", "raw"]);
const meaning = (text) => JSON.stringify(parse(text, { ecmaVersion: "latest", sourceType: "module" }), (key, value) => (where.has(key) ? undefined : value));
const pairs = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(pairs.filter(([, one, other]) => meaning(one) !== meaning(other)).map(([name]) => name)));
