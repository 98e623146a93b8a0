import { render } from "preact";

render(<p>later</p>, document.body);
