// Takes a picture of the live page: node scripts/picture.mjs URL FILE.png [--dark] [--width 1280]
// The server must be running; CHROMIUM names another browser than the one on the PATH, RIGLINE_TOKEN a token if one is needed.
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { chromium } from 'playwright-core'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { dark: { type: 'boolean', default: false }, width: { type: 'string', default: '1280' } },
})
const [url, file] = positionals
const width = Number(values.width)
if (!url || !file || !(width >= 200)) {
  console.error('usage: node scripts/picture.mjs URL FILE.png [--dark] [--width 1280]')
  process.exit(2)
}
const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'chromium'))
const executablePath = process.env.CHROMIUM ?? onPath.find((path) => existsSync(path))
if (!executablePath) {
  console.error('chromium is not on the PATH: sudo apt-get install -y chromium, or name one with CHROMIUM=/path')
  process.exit(1)
}

const browser = await chromium.launch({
  executablePath,
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})
try {
  const page = await browser.newPage({
    viewport: { width, height: 900 },
    deviceScaleFactor: 2,
    colorScheme: values.dark ? 'dark' : 'light',
    locale: 'en-GB',
  })
  await page.goto(url)
  if (process.env.RIGLINE_TOKEN) {
    await page.getByLabel('Access token').fill(process.env.RIGLINE_TOKEN)
    await page.getByRole('button', { name: 'Show' }).click()
  }
  // A live stream that has run for some seconds, so that the rates mean something.
  await page.locator('.streams .state[data-tone="ok"]').first().waitFor({ timeout: 30_000 })
  await page.waitForTimeout(6000)
  await page.screenshot({ path: file, fullPage: true })
} finally {
  await browser.close()
}
