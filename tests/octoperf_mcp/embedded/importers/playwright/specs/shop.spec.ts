import { test as base, expect, type Page } from '@playwright/test';
import type { Basket } from './types';
import { signIn } from './helpers/sign-in';
import { faker } from '@faker-js/faker';
import * as path from 'node:path';

// import { gone } from './gone'; test('in a comment', …)
const test = base.extend<{ shopper: Page }>({
  shopper: async ({ page }, use) => {
    await signIn(page, process.env.SHOP_USER ?? 'ada');
    await use(page);
  },
});

test.use({ locale: 'en-US', storageState: 'state.json' });

test.describe('Shop', () => {
  test.beforeEach(async ({ page }) => {
    await page.goto('/');
  });

  test('finds a lamp', async ({ page }) => {
    await page.getByLabel('Search').fill(faker.commerce.productName());
    const pattern = /[/"'({]test\(/;
    if (pattern.test(page.url()) && 4 / 2 > 1) {
      await page.goto(`https://shop.example/search?q=${`lamp ${1 + { a: 1 }.a}`}`);
    }
    await expect(page).toHaveTitle(/Lamp/);
    await expect(page.getByRole('list')).toHaveScreenshot('lamps.png');
  });

  test('skips within', async ({ shopper }) => {
    test.skip(!shopper.url(), 'nothing to see');
    await shopper.getByLabel('Photo').setInputFiles('photo.jpg');
  });

  test.fixme('orders', async ({ page }) => {
    await page.goto('https://shop.example/cart');
  });
});

for (const word of ['lamp', 'desk']) {
  test(`searches ${word}`, async ({ page }) => {
    await page.goto('https://shop.example/search?q=' + word);
  });
}
