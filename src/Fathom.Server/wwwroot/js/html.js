// Components are functions that return html`…`; this is the one place that binds htm's templates to preact.
import { h } from "../vendor/preact/preact.js";
import htm from "../vendor/htm/htm.js";

export { render } from "../vendor/preact/preact.js";
export { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/preact/hooks.js";
export const html = htm.bind(h);
