import assert from "node:assert/strict";
import { test } from "node:test";
import { below, outline, swapped, withAttribute, withChild, without, written } from "../../annotation/lode_annotation/static/annotation/xml_text.js";

const CONFIG = `<View>
  <!-- <Label value="not one"/> -->
  <Image name="image" value="$image"/>
  <RectangleLabels name='label'  toName="image">
    <Label value="R &amp; B" hotkey = "r"/>
    <Label value="W&#66;C"/>
  </RectangleLabels>
</View>
`;
const labels = (text) => below(outline(text), (one) => one.tag === "Label");
const control = (text) => below(outline(text), (one) => one.tag === "RectangleLabels")[0];

test("elements are found with their decoded attributes, and comments are none", () => {
  assert.deepEqual(labels(CONFIG).map((one) => one.attributes.get("value").value), ["R & B", "WBC"]);
  assert.equal(control(CONFIG).attributes.get("name").value, "label");
});

test("what is not well-formed, or declares a document type, has no outline", () => {
  for (const text of ["", "<View>", "<View></Vieww>", "<View/><View/>", "</View>", "<View a=b/>", '<!DOCTYPE x [<!ENTITY a "b">]><View/>', "<View><", '<View a="<"/>']) {
    assert.equal(outline(text), null, text);
  }
});

test("a changed attribute changes nothing else", () => {
  const [first, second] = labels(CONFIG);
  assert.equal(withAttribute(CONFIG, first, "value", 'a "b" <c>'), CONFIG.replace('"R &amp; B"', '"a &quot;b&quot; &lt;c&gt;"'));
  assert.equal(withAttribute(CONFIG, second, "hint", "pale\n"), CONFIG.replace('"W&#66;C"', '"W&#66;C" hint="pale&#10;"'));
  assert.equal(withAttribute(CONFIG, first, "hotkey", null), CONFIG.replace(' hotkey = "r"', ""));
  assert.equal(withAttribute(CONFIG, second, "hotkey", null), CONFIG);
});

test("an element is added on a line of its own, as far in as those beside it", () => {
  const more = `<Label${written({ value: "P & Q" })}/>`;
  assert.equal(withChild(CONFIG, control(CONFIG), more), CONFIG.replace("  </Rect", '    <Label value="P &amp; Q"/>\n  </Rect'));
  const empty = '<View>\n  <Choices name="c"/>\n</View>';
  const filled = withChild(empty, outline(empty).children[0], "<Choice/>");
  assert.equal(filled, '<View>\n  <Choices name="c">\n    <Choice/>\n  </Choices>\n</View>');
  assert.equal(withChild("<View></View>", outline("<View></View>"), "<A>\n  <B/>\n</A>"), "<View>\n  <A>\n    <B/>\n  </A>\n</View>");
  assert.equal(withChild("<View><A/></View>", outline("<View><A/></View>"), "<B/>"), "<View><A/>\n<B/></View>");
});

test("what is removed takes its line along, and not those beside it", () => {
  const [first] = labels(CONFIG);
  assert.equal(without(CONFIG, first), CONFIG.replace('    <Label value="R &amp; B" hotkey = "r"/>\n', ""));
  const line = "<View><A/><B/></View>";
  assert.equal(without(line, outline(line).children[0]), "<View><B/></View>");
});

test("two change places and keep what stands between them", () => {
  const [first, second] = labels(CONFIG);
  const now = swapped(CONFIG, first, 1);
  assert.deepEqual(labels(now).map((one) => one.attributes.get("value").value), ["WBC", "R & B"]);
  assert.equal(swapped(now, labels(now)[1], -1), CONFIG);
  assert.equal(swapped(CONFIG, second, 1), CONFIG);
});
