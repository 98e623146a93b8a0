/** The script of the page that `weft inspect` writes. */
import { render } from "preact";
import { App } from "./app.tsx";
import { readReport } from "./data.ts";
import "./page.css";

const root = document.getElementById("app");
if (root === null) throw new Error("the page has no element #app");
const report = readReport();
document.title = `${report.data.name}: weft inspect`;
render(<App report={report} />, root);
