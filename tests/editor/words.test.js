import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { gettext, ngettext } from "../../platform/lode_platform/static/lode/words.js";

afterEach(() => delete globalThis.django);

test("without a catalogue the sentences are English, with their values in place", () => {
  assert.equal(gettext("Move {where} by {n}", { where: "left" }), "Move left by {n}");
  assert.equal(ngettext("{n} region", "{n} regions", 1), "1 region");
  assert.equal(ngettext("{n} region", "{n} regions", 0), "0 regions");
});

test("the page's catalogue is asked, for the plural forms of its language too", () => {
  globalThis.django = {
    gettext: (english) => ({ "Move {where}": "{where} schieben" })[english] ?? english,
    ngettext: (one, many, n) => (n === 1 ? "{n} oblast" : n < 5 ? "{n} oblasti" : "{n} oblastí"),
  };
  assert.equal(gettext("Move {where}", { where: "links" }), "links schieben");
  assert.equal(ngettext("{n} region", "{n} regions", 3), "3 oblasti");
  assert.equal(ngettext("{n} region", "{n} regions", 5), "5 oblastí");
});
