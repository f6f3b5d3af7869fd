// @ts-check
/** The commands that label page and review page share: one table for keys, buttons and the list of keys. */

import { clamp } from "../lode/canvas/geometry.js";
import { gettext } from "../lode/words.js";
import { answerFor, hasButtons, SHAPES, shapeFor, shapeOf, toolsOf } from "./kinds/index.js";
import { filterCommands, prelabelCommands } from "./list_commands.js";
import { pairCommands } from "./kinds/pairwise.js";
import { pageCommands } from "./pages.js";
import { relationCommands } from "./relations.js";
import { guidanceCommands } from "./ui/guidance.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {import("./keymap.js").Command} Command */
/** @typedef {import("./region_acts.js").RegionActs} RegionActs */

/** Strokes of what the sprite of icons lacks. */
const MAGNET = "M4 4h5v8a3 3 0 0 0 6 0V4h5v8a8 8 0 0 1-16 0zM4 8h5M15 8h5";

/** A command a label. @param {Editor} editor @returns {Command[]} */
export function labelCommands(editor) {
  const several = editor.controls.filter(shapeFor).length > 1;
  return editor.controls.filter(hasButtons).flatMap((control) =>
    control.labels.map((label) => {
      const key = editor.labelKeys.get(`${control.name}/${label.value}`);
      return {
        id: `label:${control.name}/${label.value}`,
        title: label.value,
        group: answerFor(control) || several ? control.name : gettext("Labels"),
        keys: key ? [key, ...(key.startsWith("Digit") ? [key.slice(5)] : [])].slice(0, 1) : [],
        when: () => editor.stage.editable && (!control.per_region || editor.questions.askedOf(control).length > 0),
        run: () => editor.useLabel(control, label),
      };
    }),
  );
}

/** What is done to regions, and the tools. @param {Editor} editor @returns {Command[]} */
export function regionCommands(editor) {
  const { acts, store, stage } = editor;
  const group = gettext("Regions");
  const edit = () => stage.editable;
  const some = () => store.selection.size > 0;
  const own = () => edit() && acts.changeable().length > 0;
  const tools = gettext("Tools");
  const toggle = (/** @type {Set<string>} */ set) => ![...store.selection].every((key) => set.has(key));
  return [
    { id: "tool.select", title: gettext("Select"), group: tools, keys: ["v"], icon: "pointer", active: () => stage.tool?.id === "select", run: () => editor.takeSelect() },
    ...drawingCommands(editor, tools),
    { id: "tool.draw", title: gettext("Draw with the label in hand"), group: tools, keys: [], when: edit, run: () => editor.draw() },
    { id: "tool.pan", title: gettext("Pan"), group: tools, keys: ["h"], icon: "hand-grab", active: () => stage.tool?.id === "pan", run: () => stage.use("pan") },
    { id: "undo", title: gettext("Undo"), group, keys: ["Ctrl+z"], icon: "arrow-back-up", repeat: true, when: () => edit() && store.history.done.length > 0, run: () => acts.undo() },
    { id: "redo", title: gettext("Redo"), group, keys: ["Ctrl+Shift+z", "Ctrl+y"], icon: "arrow-forward-up", repeat: true, when: () => edit() && store.history.undone.length > 0, run: () => acts.redo() },
    { id: "region.next", title: gettext("Next region"), group, keys: ["j"], repeat: true, run: () => editor.list.step(1, false) },
    { id: "region.previous", title: gettext("Previous region"), group, keys: ["k"], repeat: true, run: () => editor.list.step(-1, false) },
    { id: "region.below", title: gettext("Next region under the pointer"), group, keys: ["Alt+."], run: () => acts.below() },
    { id: "form", title: gettext("Go to the form: texts, numbers, ratings, trees"), group, keys: [","], when: () => editor.controls.some((control) => !hasButtons(control)), run: () => editor.questions.toForm() },
    { id: "region.all", title: gettext("Select all"), group, keys: ["Ctrl+a"], run: () => store.select(editor.list.ordered().map((shape) => shape.key)) },
    { id: "region.none", title: gettext("Clear the selection, stop drawing"), group, keys: ["Escape"], run: () => editor.escape() },
    { id: "region.delete", title: gettext("Delete"), group, keys: ["Delete", "Backspace"], icon: "trash", when: () => edit() && some(), run: () => acts.remove([...store.selection]) },
    ...prelabelCommands(editor),
    ...filterCommands(editor),
    { id: "region.copy", title: gettext("Copy"), group, keys: ["Ctrl+c"], when: some, run: () => acts.copy() },
    { id: "region.paste", title: gettext("Paste"), group, keys: ["Ctrl+v"], when: () => edit() && acts.copied.length > 0, run: () => acts.paste() },
    { id: "region.duplicate", title: gettext("Duplicate"), group, keys: ["Ctrl+d"], when: () => edit() && some(), run: () => acts.duplicate() },
    { id: "region.hide", title: gettext("Hide or show"), group, keys: ["i"], icon: "eye", when: some, run: () => store.setHidden([...store.selection], toggle(store.hidden)) },
    { id: "region.hideOthers", title: gettext("Hide or show the other regions"), group, keys: ["Shift+i"], run: () => acts.hideOthers() },
    { id: "region.lock", title: gettext("Lock or unlock"), group, keys: ["l"], icon: "lock", when: () => edit() && some(), run: () => store.setLocked([...store.selection], toggle(store.locked)) },
    { id: "snap", title: gettext("Snap to other regions and the border"), group: tools, keys: ["Shift+v"], icon: MAGNET, active: () => stage.snap.on, run: () => toggleSnap(editor) },
    ...relationCommands(editor),
    ...nudges(acts, own),
  ];
}

/** Those of the kinds that the schema asks for; with none asked for, of the first, so that its button has its place. @param {Editor} editor @param {string} group @returns {Command[]} */
function drawingCommands(editor, group) {
  const { stage } = editor;
  const asked = SHAPES.filter((kind) => editor.controls.some((control) => shapeFor(control) === kind));
  return (asked.length ? asked : SHAPES.slice(0, 1)).flatMap((kind) => {
    const { name, key } = kind;
    const when = () => stage.editable && asked.length > 0;
    return [
      ...toolsOf(kind).map(({ id, key: own, icon, title }) => ({
        ...{ id: `tool.${id}`, title: title(), group, keys: [own], icon, when },
        active: () => stage.tool?.id === id,
        run: () => editor.arm(kind, id),
      })),
      { id: `${name}.middle`, title: kind.titles().place, group, keys: [kind.placeKey ?? `Shift+${key}`], when, run: () => editor.placeInMiddle(kind) },
      ...(kind.settings?.(stage) ?? []).map((one) => ({ ...one, group, repeat: true, when })),
    ];
  });
}

/** @param {RegionActs} acts @param {() => boolean} when @returns {Command[]} */
function nudges(acts, when) {
  const group = gettext("Move and resize");
  const directions = /** @type {const} */ ([
    ["Left", -1, 0, gettext("left")],
    ["Right", 1, 0, gettext("right")],
    ["Up", 0, -1, gettext("up")],
    ["Down", 0, 1, gettext("down")],
  ]);
  const moves = directions.flatMap(([name, dx, dy, word]) => [
    { id: `move.${name}`, title: gettext("Move {where}", { where: word }), group, keys: [`Arrow${name}`], repeat: true, when, run: () => acts.nudge(dx, dy) },
    { id: `moveFar.${name}`, title: gettext("Move {where} by ten", { where: word }), group, keys: [`Shift+Arrow${name}`], repeat: true, when, run: () => acts.nudge(dx * 10, dy * 10) },
    { id: `grow.${name}`, title: gettext("Move the far edge {where}", { where: word }), group, keys: [`Ctrl+Arrow${name}`], repeat: true, when, run: () => acts.grow(dx, dy) },
  ]);
  const turns = () => when() && acts.changeable().some((region) => shapeOf(region).turn);
  return [
    ...moves,
    { id: "turn.right", title: gettext("Rotate clockwise by a degree"), group, keys: ["r"], repeat: true, when: turns, run: () => acts.turn(1) },
    { id: "turn.left", title: gettext("Rotate counterclockwise by a degree"), group, keys: ["Shift+r"], repeat: true, when: turns, run: () => acts.turn(-1) },
  ];
}

/** How the picture is seen. @param {Editor} editor @returns {Command[]} */
export function viewCommands(editor) {
  const { stage, root, levels } = editor;
  const { viewport, scene } = stage;
  const deep = () => levels.grey !== null;
  const group = gettext("View");
  const light = (/** @type {"brightness"|"contrast"} */ name, /** @type {number} */ by) => editor.setLight(name, clamp(stage.light[name] + by, 0.3, 3));
  return [
    { id: "zoom.in", title: gettext("Zoom in"), group, keys: ["+", "="], icon: "zoom-in", repeat: true, run: () => viewport.zoomAt(stage.focus, 1.25) },
    { id: "zoom.out", title: gettext("Zoom out"), group, keys: ["-"], icon: "zoom-out", repeat: true, run: () => viewport.zoomAt(stage.focus, 0.8) },
    { id: "zoom.fit", title: gettext("Fit the image"), group, keys: ["f"], icon: "arrows-maximize", run: () => viewport.fit() },
    { id: "zoom.region", title: gettext("Zoom to the selection, or to 100 %"), group, keys: ["z"], run: () => editor.acts.zoomToSelection() },
    { id: "bright.more", title: gettext("Brighter"), group, keys: ["]"], repeat: true, run: () => light("brightness", 0.1) },
    { id: "bright.less", title: gettext("Darker"), group, keys: ["["], repeat: true, run: () => light("brightness", -0.1) },
    { id: "bright.reset", title: gettext("Reset brightness"), group, keys: ["\\"], icon: "sun", run: () => editor.setLight("brightness", 1) },
    { id: "contrast.more", title: gettext("More contrast"), group, keys: ["}"], repeat: true, run: () => light("contrast", 0.1) },
    { id: "contrast.less", title: gettext("Less contrast"), group, keys: ["{"], repeat: true, run: () => light("contrast", -0.1) },
    { id: "contrast.reset", title: gettext("Reset contrast"), group, keys: ["|"], icon: "sun-moon", run: () => editor.setLight("contrast", 1) },
    { id: "window.up", title: gettext("Raise the level"), group, keys: ["'"], repeat: true, when: deep, run: () => levels.move(1) },
    { id: "window.down", title: gettext("Lower the level"), group, keys: [";"], repeat: true, when: deep, run: () => levels.move(-1) },
    { id: "window.wider", title: gettext("Wider window"), group, keys: ['"'], repeat: true, when: deep, run: () => levels.widen(1) },
    { id: "window.narrower", title: gettext("Narrower window"), group, keys: [":"], repeat: true, when: deep, run: () => levels.widen(-1) },
    { id: "window.reset", title: gettext("Automatic level and window"), group, keys: ["Shift+l"], icon: "sun", when: deep, run: () => levels.reset() },
    ...pageCommands(editor),
    ...pairCommands(editor),
    ...guidanceCommands(editor),
    { id: "names", title: gettext("Show labels"), group, keys: ["n"], icon: "tag", active: () => scene.showNames, run: () => toggle(editor, "showNames") },
    { id: "prelabels", title: gettext("Show pre-labels"), group, keys: ["p"], icon: "sparkles", active: () => scene.showPrelabels, run: () => toggle(editor, "showPrelabels") },
    { id: "grid", title: gettext("Show grid"), group, keys: ["Shift+x"], active: () => scene.showGrid, run: () => toggle(editor, "showGrid") },
    { id: "fullscreen", title: gettext("Full screen"), group, keys: ["Shift+f"], when: () => document.fullscreenEnabled, run: () => toggleFullScreen() },
    { id: "crosshair", title: gettext("Show crosshair"), group, keys: ["x"], active: () => stage.overlay.showCrosshair, run: () => toggleCrosshair(editor) },
    { id: "side", title: gettext("Labels and regions"), group, keys: ["Ctrl+b"], icon: "tag", active: () => root.classList.contains("is-side-open"), run: () => editor.openSide(!root.classList.contains("is-side-open")) },
    { id: "help", title: gettext("Keyboard shortcuts"), group, keys: ["?"], icon: "help", run: () => void help(editor) },
  ];
}

/** Show the list of keys, which few people open in a day: it is fetched then. @param {Editor} editor */
async function help(editor) {
  try {
    const { showHelp } = await import("./ui/help.js");
    showHelp(editor);
  } catch {
    editor.notes.say(gettext("The list of keys could not be loaded. Check the connection and try again."));
  }
}

/** @param {Editor} editor @param {"showNames"|"showPrelabels"|"showGrid"} what */
function toggle(editor, what) {
  editor.stage.scene[what] = !editor.stage.scene[what];
  editor.stage.scene.regroup();
  editor.refresh();
}

/** @param {Editor} editor */
function toggleSnap(editor) {
  const { snap } = editor.stage;
  snap.on = !snap.on;
  snap.rest();
  editor.notes.announce(snap.on ? gettext("Snapping is on") : gettext("Snapping is off"));
  editor.refresh();
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

/** @param {Editor} editor */
function toggleCrosshair(editor) {
  const { overlay } = editor.stage;
  overlay.showCrosshair = !overlay.showCrosshair;
  overlay.crosshair(null);
  editor.refresh();
}
