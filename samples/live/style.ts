/** What the live page needs beyond the style sheet of the reports. */
export const LIVE_STYLE = `
#live { display: grid; grid-template-columns: minmax(14rem, 17rem) minmax(0, 1fr); min-height: 100vh; }
nav { border-right: 1px solid var(--rule); padding: 2.2rem 1.2rem; background: var(--shade); }
.brand { font-weight: 700; font-size: 1.2rem; letter-spacing: -0.01em; margin: 0 0 1rem 0.6rem; }
nav ul { list-style: none; margin: 0; padding: 0; position: sticky; top: 1rem; }
nav a { display: block; padding: 0.42rem 0.6rem; border-radius: 8px; color: inherit; text-decoration: none; font-size: 0.95rem; line-height: 1.4; }
nav a:hover { background: var(--card); }
nav a[aria-current] { background: var(--card); color: var(--accent); font-weight: 600; }
a:focus-visible, button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
#live main { width: 100%; margin: 0; padding-top: 2.2rem; }
#live header { margin-bottom: 1.4rem; padding-bottom: 1.2rem; }
#report > header { border: 0; padding: 0; }
#controls { display: flex; flex-wrap: wrap; align-items: center; gap: 0.7rem 0.9rem; position: sticky; top: 0; padding: 0.7rem 0; background: var(--paper); z-index: 1; }
fieldset { border: 0; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.3rem 1rem; }
legend { float: left; padding: 0; margin-right: 1rem; color: var(--quiet); }
button { font: inherit; padding: 0.35rem 1.1rem; border-radius: 8px; border: 1px solid var(--rule); background: var(--card); color: inherit; cursor: pointer; }
button#run { background: var(--accent); border-color: var(--accent); color: var(--paper); font-weight: 600; }
button:disabled { opacity: 0.5; cursor: default; }
#status { margin: 0; color: var(--quiet); font-size: 0.95rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
#status.failed { color: var(--series2); }
progress { width: 100%; height: 0.5rem; accent-color: var(--accent); }
#plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); gap: 0 1.2rem; }
#plots figure { margin: 0.8rem 0; }
#plots .plot svg { min-width: 0; }
#lines .scroll { max-height: 22rem; }
@media (max-width: 46rem) {
  #live { display: block; }
  nav { border-right: 0; border-bottom: 1px solid var(--rule); padding: 1rem; }
  nav ul { display: flex; overflow-x: auto; gap: 0.3rem; }
  nav a { white-space: nowrap; }
  .brand { margin-bottom: 0.5rem; }
}
`;
