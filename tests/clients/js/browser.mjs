// Debian's Chromium, which reaches nothing but this machine.
import { chromium } from "playwright-core";

export const openBrowser = (folder) =>
  chromium.launchPersistentContext(folder, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    viewport: { width: 1400, height: 900 },
    args: [
      "--headless=new",
      "--no-sandbox", // Chromium refuses its sandbox to root
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    ],
  });
