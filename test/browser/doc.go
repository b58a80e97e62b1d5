// Package browser holds the tests of the status page and of the demo's page in a real browser: headless Chromium, driven
// over its debugging protocol. It is a module of its own so that the exporter does not depend on the driver. What the
// pages compute is tested beside them; here is what only a browser can tell.
package browser
