#!/bin/sh
# Runs inside: a build without network. A library is packed, an application depends on the archive, is installed, built, tested.
set -eu
cd "$(mktemp -d)"
mkdir library application
cat >library/package.json <<'J'
{"name": "greeting", "version": "1.0.0", "main": "index.js"}
J
# shellcheck disable=SC2016 # it is JavaScript that expands it
echo 'module.exports = name => `hello from ${name}`;' >library/index.js
(cd library && npm pack --silent >/dev/null)
cat >application/package.json <<'J'
{"name": "application", "version": "1.0.0", "private": true,
 "dependencies": {"greeting": "file:../library/greeting-1.0.0.tgz"},
 "scripts": {"build": "node build.js", "test": "node --test"}}
J
cat >application/build.js <<'J'
const fs = require('node:fs'), zlib = require('node:zlib');
fs.mkdirSync('dist');
const library = fs.readFileSync(require.resolve('greeting'), 'utf8');
fs.writeFileSync('dist/app.js', library + "console.log(module.exports('ci-runner'));\n");
fs.writeFileSync('dist/app.js.gz', zlib.gzipSync(fs.readFileSync('dist/app.js')));
J
cat >application/app.test.js <<'J'
const test = require('node:test'), assert = require('node:assert');
test('greets', () => assert.strictEqual(require('greeting')('you'), 'hello from you'));
J
cd application
npm install --offline --no-audit --no-fund --silent
npm run --silent build
npm test --silent >/tmp/test.log || { cat /tmp/test.log; exit 1; }
node dist/app.js
