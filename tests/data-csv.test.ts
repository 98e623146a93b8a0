/** CSV: RFC 4180's rules, inference of dtypes, missing values, refusals with line and column. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCsvRows, readCsv } from "../frontend/data/index.ts";

const fieldsOf = (text: string, options = {}) => parseCsvRows(text, options).map(({ fields }) => fields);

test("fields, quotes, line ends as RFC 4180 has them", () => {
  assert.deepEqual(fieldsOf("aaa,bbb,ccc\r\nzzz,yyy,xxx\r\n"), [
    ["aaa", "bbb", "ccc"],
    ["zzz", "yyy", "xxx"],
  ]);
  assert.deepEqual(fieldsOf("a,b\nc,d"), [
    ["a", "b"],
    ["c", "d"],
  ]);
  assert.deepEqual(fieldsOf("a\rb\r"), [["a"], ["b"]]);
  assert.deepEqual(fieldsOf('"aaa","b \r\nbb","ccc"\r\nzzz,yyy,xxx'), [
    ["aaa", "b \r\nbb", "ccc"],
    ["zzz", "yyy", "xxx"],
  ]);
  assert.deepEqual(fieldsOf('"aaa","b""bb","""","",""""""'), [["aaa", 'b"bb', '"', "", '""']]);
  assert.deepEqual(fieldsOf("a,,\n,,\n"), [
    ["a", "", ""],
    ["", "", ""],
  ]);
  assert.deepEqual(fieldsOf(" a , b "), [[" a ", " b "]]);
  assert.deepEqual(fieldsOf("\ufeffa,b\n\n\nc,d\n\n"), [
    ["a", "b"],
    ["c", "d"],
  ]);
  assert.deepEqual(fieldsOf('""\n'), [[""]]);
  assert.deepEqual(fieldsOf(""), []);
});

test("delimiters, comments, lines to skip; rows know their lines", () => {
  assert.deepEqual(fieldsOf("a;b\n1,5;2", { delimiter: ";" }), [
    ["a", "b"],
    ["1,5", "2"],
  ]);
  assert.deepEqual(fieldsOf("# by hand\na\tb\n# again\n1\t2", { delimiter: "\t", comment: "#" }), [
    ["a", "b"],
    ["1", "2"],
  ]);
  const rows = parseCsvRows('title\n\nx,y\n"1\n2",3\n4,5', { skipLines: 1 });
  assert.deepEqual(
    rows.map(({ line }) => line),
    [3, 4, 6],
  );
  assert.throws(() => parseCsvRows("a", { delimiter: "::" }), /the delimiter must be one character/);
});

test("quotes that do not match are errors with line and column", () => {
  assert.throws(
    () => parseCsvRows('a,b\n"c,d\ne'),
    /CSV line 3, column 2: the quoted field that begins in line 2/,
  );
  assert.throws(() => parseCsvRows('a,b\nc"c,d'), /CSV line 2, column 2: a quote inside of a field/);
  assert.throws(() => parseCsvRows('"a"b,c'), /CSV line 1, column 4: expected a delimiter .* found "b"/);
  assert.throws(() => parseCsvRows('"a" ,c'), /expected a delimiter/);
});

test("dtypes are inferred; missing values are NaN, or null in text", () => {
  const table = readCsv(
    [
      "id,height,ok,name,gap,big,none",
      "1,1.5,true,Ann,1,3000000000,",
      '-2,2e3,false,"Bob, Jr.",,1,NA',
      "3,.5,true,NA,3,2,nan",
    ].join("\n"),
  );
  assert.equal(table.length, 3);
  const of = (name: string) => [table.array(name).dtype, table.array(name).toArray()];
  assert.deepEqual(of("id"), ["int32", [1, -2, 3]]);
  assert.deepEqual(of("height"), ["float32", [1.5, 2000, 0.5]]);
  assert.deepEqual(of("ok"), ["bool", [true, false, true]]);
  assert.deepEqual(of("gap"), ["float32", [1, NaN, 3]]);
  assert.deepEqual(of("big"), ["float32", [3e9, 1, 2]]);
  assert.deepEqual(of("none"), ["float32", [NaN, NaN, NaN]]);
  assert.deepEqual(table.text("name"), ["Ann", "Bob, Jr.", null]);
  assert.deepEqual(table.matrix(["id", "height"]).toArray(), [
    [1, 1.5],
    [-2, 2000],
    [3, 0.5],
  ]);
});

test("columns can be chosen, named and typed", () => {
  const text = "1,2,x\n3,4,y\n";
  const table = readCsv(new TextEncoder().encode(text), {
    header: ["a", "b", "c"],
    columns: ["b", "a"],
    dtypes: { a: "float64", b: "string" },
  });
  assert.deepEqual(table.names, ["b", "a"]);
  assert.equal(table.array("a").dtype, "float64");
  assert.deepEqual(table.text("b"), ["2", "4"]);
  assert.deepEqual(readCsv(text, { header: false }).names, ["0", "1", "2"]);
  assert.deepEqual(
    readCsv("a\n-\n1", { missing: ["-"] })
      .array("a")
      .toArray(),
    [NaN, 1],
  );
  assert.deepEqual(readCsv("a,b\n").array("a").shape, [0]);
  assert.deepEqual(
    readCsv("x\n1\n0\n", { dtypes: { x: "bool" } })
      .array("x")
      .toArray(),
    [true, false],
  );
  assert.deepEqual(readCsv("__proto__,constructor\n1,2\n").array("constructor").toArray(), [2]);
});

test("what does not fit is refused with its line", () => {
  assert.throws(() => readCsv("a,b\n1,2\n\n3\n"), /CSV line 4: 1 field, expected 2: a, b/);
  assert.throws(() => readCsv("a,a\n1,2"), /two columns are called "a"/);
  assert.throws(() => readCsv(""), /the file is empty/);
  assert.throws(() => readCsv("a\n1", { columns: ["b"] }), /there is no column "b"; there are a/);
  assert.throws(
    () => readCsv("a\n1\nx", { dtypes: { a: "int32" } }),
    /CSV line 3, column "a": "x" is no number/,
  );
  assert.throws(() => readCsv("a\n1.5", { dtypes: { a: "int32" } }), /"1.5" is no int32/);
  assert.throws(() => readCsv("a\n300", { dtypes: { a: "uint8" } }), /"300" is no uint8/);
  assert.throws(() => readCsv('a\n""', { dtypes: { a: "int32" } }), /is missing, which int32 cannot be/);
  assert.throws(() => readCsv("a\nx").array("a"), /column "a" is text/);
  assert.throws(() => readCsv("a\n1").text("a"), /column "a" is int32, no text/);
  assert.throws(() => readCsv(new Uint8Array([0x61, 0xff, 0x0a])), /no UTF-8 text/);
  assert.throws(() => readCsv("a\n1").matrix(["b"]), /there is no column "b"/);
});
