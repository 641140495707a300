/** The shadow tree of `<live-view>`. */
export const markup = `
<div class="stage" part="stage" tabindex="0" role="group">
  <video part="video" playsinline disablepictureinpicture></video>
  <div class="veil">
    <svg class="mark" viewBox="0 0 48 48" aria-hidden="true">
      <circle class="ring" cx="24" cy="24" r="21"/>
      <path class="hole" d="M24 13a7 7 0 0 0-3.6 13L18 35.4a1.2 1.2 0 0 0 1.1 1.6h9.8a1.2 1.2 0 0 0 1.1-1.6L27.6 26A7 7 0 0 0 24 13z"/>
    </svg>
    <p class="status" part="status" role="status" aria-live="polite"></p>
    <p class="note" part="note" role="status"></p>
    <button class="again" part="again" type="button" data-does="start">Try again</button>
  </div>
  <span class="badge" part="badge" aria-hidden="true"></span>
  <div class="below">
  <div class="figures" part="overlay" aria-hidden="true"></div>
  <div class="bar" part="controls">
    <button type="button" data-does="pause">
      <svg viewBox="0 0 24 24" aria-hidden="true"><path class="when-on" d="M8 5v14M16 5v14"/><path class="when-off" d="M8 5l11 7-11 7z"/></svg>
    </button>
    <button type="button" data-does="sound">
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 9.5v5h3.5L12 18V6L7.5 9.5z"/><path class="when-on" d="M15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11"/><path class="when-off" d="M16 9.5l5 5M21 9.5l-5 5"/></svg>
    </button>
    <button type="button" data-does="fullscreen" aria-label="Full screen (F)" title="Full screen (F)">
      <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/></svg>
    </button>
  </div>
  </div>
</div>`;

/**
 * Its style, as a constructed sheet: a policy that forbids inline styles allows it. The custom properties
 * `--live-view-accent` and `--live-view-radius`, and the parts, are for the page to set.
 */
export const style = `
:host {
  display: block; position: relative; aspect-ratio: 16 / 9; overflow: hidden; container-type: inline-size;
  border-radius: var(--live-view-radius, 10px); background: #0d1217; color: #eef1f3;
  font: 500 14px/1.45 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
:host([hidden]) { display: none; }
.stage { position: absolute; inset: 0; outline: none; background: radial-gradient(120% 90% at 50% 0%, #1d2831, #0d1217 70%); }
.stage:focus-visible { box-shadow: inset 0 0 0 3px var(--live-view-accent, #e5b75b); }
video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; opacity: 0; transition: opacity .18s; }
:host([state=live]) video { opacity: 1; }
:host([state=reconnecting]) video { opacity: .28; }
.veil {
  position: absolute; inset: 0; display: flex; flex-direction: column; align-items: center; justify-content: center;
  gap: 10px; padding: 16px 20px; text-align: center; transition: opacity .18s;
}
:host([state=live]) .veil { opacity: 0; pointer-events: none; }
.mark { width: clamp(36px, 15%, 56px); flex: none; }
.ring { fill: none; stroke: rgb(255 255 255 / .16); stroke-width: 2; }
.hole { fill: rgb(255 255 255 / .5); }
:host(:is([state=connecting], [state=reconnecting])) .ring {
  stroke: var(--live-view-accent, #e5b75b); stroke-dasharray: 34 98; stroke-linecap: round;
  transform-origin: center; animation: turn 1.1s linear infinite;
}
:host(:is([state=not-allowed], [state=expired])) .ring { stroke: #ef8d7c; }
:host(:is([state=not-allowed], [state=expired])) .hole { fill: #ef8d7c; }
:host(:is([state=offline], [state=busy])) .ring { stroke: rgb(255 255 255 / .32); stroke-dasharray: 2 6; stroke-linecap: round; }
@keyframes turn { to { transform: rotate(1turn); } }
.status, .note { margin: 0; max-width: 34em; text-wrap: balance; }
.note { margin-top: -6px; font-size: 12.5px; color: rgb(255 255 255 / .68); }
.note:empty { display: none; }
button {
  font: inherit; color: inherit; border: 0; cursor: pointer; background: rgb(255 255 255 / .12); border-radius: 999px;
}
button:hover { background: rgb(255 255 255 / .22); }
button:focus-visible { outline: 2px solid var(--live-view-accent, #e5b75b); outline-offset: 2px; }
.again { padding: 7px 16px; display: none; }
:host(:is([state=failed], [state=expired], [state=not-allowed], [state=idle])) .again { display: inline-block; }
.badge {
  position: absolute; top: 10px; inset-inline-end: 10px; padding: 3px 9px 3px 8px; border-radius: 999px;
  font-size: 11.5px; font-weight: 600; letter-spacing: .02em; background: rgb(10 14 18 / .62); display: none;
}
.badge::before {
  content: ""; display: inline-block; width: 7px; height: 7px; margin-inline-end: 6px; border-radius: 50%; background: currentColor;
}
:host(:is([state=live], [state=reconnecting])) .badge { display: inline-block; }
:host([state=live]) .badge::before { background: #ff5b4d; }
:host([state=reconnecting]) .badge::before { background: #f0b64a; }
.below {
  position: absolute; inset: auto 8px 8px; display: flex; align-items: end; justify-content: space-between; gap: 8px;
  pointer-events: none;
}
.below > * { pointer-events: auto; }
.bar { display: flex; gap: 6px; margin-inline-start: auto; opacity: 0; transition: opacity .15s; }
.bar button { width: 38px; height: 38px; padding: 9px; background: rgb(10 14 18 / .62); }
.bar button:hover { background: rgb(10 14 18 / .85); }
.bar svg { display: block; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
.bar :not([data-on]) > svg > .when-on, .bar [data-on] .when-off { display: none; }
.stage:focus-visible .bar, .bar:has(:focus-visible) { opacity: 1; }
:host(:is([state=idle], [state=failed], [state=not-allowed], [state=expired])) .bar { display: none; }
@media (hover: hover) { :host(:hover) .bar { opacity: 1; } }
/* Where there is only a finger, the element shows them for a while after a touch. Unseen, they take none. */
@media (hover: none) { .bar:not(:has(:focus-visible)) { pointer-events: none; } }
.figures {
  display: none; gap: .8em; min-width: 0; overflow: hidden; padding: 4px 9px; border-radius: 8px; background: rgb(10 14 18 / .62);
  font: 500 11px/1.5 ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace;
  font-variant-numeric: tabular-nums; white-space: nowrap;
}
:host([overlay][state=live]) .figures:not(:empty) { display: flex; }
@container (max-width: 520px) {
  .bar { gap: 4px; }
  .bar button { width: 32px; height: 32px; padding: 7px; }
}
/* A small picture has room for the words and what can be done first. */
@container (max-width: 320px) {
  .mark { width: 36px; }
  .veil { gap: 8px; padding: 8px 12px; font-size: 13px; line-height: 1.35; }
  .note { margin-top: -4px; font-size: 12px; }
  .again { padding: 5px 13px; }
  .badge { top: 6px; inset-inline-end: 6px; }
}
@container (max-width: 260px) { .mark { display: none; } }
/* The figures keep to one line beside the controls: size goes first, then bitrate, then frames. */
@container (max-width: 470px) { .figures :nth-child(2) { display: none; } }
@container (max-width: 410px) { .figures :nth-child(4) { display: none; } }
@container (max-width: 340px) { .figures :nth-child(3) { display: none; } }
@media (prefers-reduced-motion: reduce) {
  video, .veil, .bar { transition: none; }
  :host(:is([state=connecting], [state=reconnecting])) .ring { animation: none; stroke-dasharray: none; }
}`;
