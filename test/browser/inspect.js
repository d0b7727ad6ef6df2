// Runs inside the page: what a reader with ordinary eyes, a narrow screen or no mouse would stumble over. The
// value is a list of sentences.
(() => {
  const found = [];
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const colours = new Map();

  /** Any CSS colour as red, green, blue (0 to 255) and alpha (0 to 1). */
  function read(colour) {
    const known = colours.get(colour);
    if (known !== undefined) return known;
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    const value = [r, g, b, a / 255];
    colours.set(colour, value);
    return value;
  }
  const over = (top, below) => [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3]));
  function luminance(colour) {
    const [r, g, b] = colour.map((part) =>
      part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function background(element) {
    const layers = [];
    for (let at = element; at !== null; at = at.parentElement) {
      const colour = read(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
      // The top layer's elements do not stand on their parent's colour.
      if (at.matches('dialog, [popover]')) break;
    }
    return layers.reduceRight((below, top) => over(top, below), [255, 255, 255]);
  }
  function isSeen(element) {
    const box = element.getBoundingClientRect();
    return (
      box.width > 1 &&
      box.height > 1 &&
      element.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    );
  }
  const name = (element) =>
    `${element.tagName.toLowerCase()}${element.className === '' ? '' : `.${String(element.className).split(' ').join('.')}`} "${element.textContent.trim().slice(0, 40)}"`;

  for (const element of document.body.querySelectorAll('*')) {
    const text =
      [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '') ||
      element.matches('input[type=text], textarea');
    if (!text || !isSeen(element)) continue;
    const below = background(element);
    const colour = over(read(getComputedStyle(element).color), below);
    const [light, dark] = [luminance(colour), luminance(below)].sort((one, other) => other - one);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) found.push(`contrast ${contrast.toFixed(2)}: ${name(element)}`);
  }

  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth)
    found.push(`the page is ${page.scrollWidth - page.clientWidth} px too wide`);
  for (const element of document.querySelectorAll('main, main *, aside, aside *, dialog, dialog *')) {
    if (!isSeen(element)) continue;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    if (box.right > innerWidth + 1 && element.closest('pre') === null)
      found.push(`beyond the right edge: ${name(element)}`);
    // What may scroll sideways by design is preformatted; anything else that would have to is too wide.
    if (
      element.scrollWidth > element.clientWidth + 1 &&
      style.overflowX !== 'visible' &&
      style.textOverflow !== 'ellipsis' &&
      !element.matches('pre, input, .quiet')
    )
      found.push(`holds something too wide: ${name(element)}`);
  }
  return found;
})();
