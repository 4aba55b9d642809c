// The checks for each REST client, and the server to run them with. A wallet is opened with 100.00 and gets a
// transaction of 10.00 for each of these names.
export const server = process.env.SERVER_URL;
export const names = ["one", "two", "three", "four", "five", "six", "seven"];
export const pages = [3, 3, 1]; // the sizes of pages of at most three
export const balanceAfterwards = "170.00";
export const overdraft = "-170.01";

// The URL of a path; links are URLs already, and stay unchanged (RFC 3986, section 5).
export const absolute = (link) => new URL(link, server).href;
