/** Style sheets that the page imports: esbuild puts them beside its script. */
declare module "*.css";
