// Row 5.5: one human listed twice, told by the names alone.
import { describe, expect, test } from '@jest/globals';
import {
  likeNames,
  namesakes,
  sameHumans,
  sameHumanSentence,
} from '../../../../src/bot/policy/people/sameHuman.ts';

describe('names of one human', () => {
  test.each([
    ['Marie Curie', 'marie CURIE'],
    ['Marie Curie', 'Curie, Marie'],
    ['Marie Curie', ' Marie   Curie '],
    ['José Peña', 'Jose Pena'],
    ['Søren Ærø', 'Soren Aero'],
    ['Anne-Marie Dupont', 'Anne Marie Dupont'],
    ["Sinéad O'Brien", 'Sinead OBrien'],
    ['Marie Curie', 'Dr. Marie Curie'],
    ['Marie Curie', 'Marie Curie (Contractor)'],
    ['Marie Curie', 'Curie, Marie [EXT]'],
    ['Straße Ulf', 'Ulf Strasse'],
    ['山田 太郎', '太郎 山田'],
    ['Marie Curie', 'Marie(EXT)Curie'],
    ['Marie Curie', 'CurieMarie'],
    ['Œdipe Łukasz', 'Oedipe Lukasz'],
    ['Đorđe Óðinn', 'Dorde Odinn'],
    ['Þór Işık', 'Thor Isik'],
    ['Mr Ing', 'Ing. Mr.'],
  ])('%s and %s are the same', (one, other) => {
    expect([likeNames(one, other), likeNames(other, one)]).toEqual(['same', 'same']);
  });

  test.each([
    ['Marie Curie', 'Marie Curi'],
    ['Marie Curie', 'Mariee Curie'],
    ['Marie Curie', 'Maire Curie'],
    ['Marie Curie', 'Marje Curie'],
    ['Jon Smith', 'John Smith'],
    ['Marie Curie', 'M. Curie'],
    ['Marie Curie', 'Marie S. Curie'],
    ['Marie Curie', 'Curie, Marie Salomea'],
    ['Ulf Müller', 'Ulf Mueller'],
    ['Marie Curie', 'Mаrie Curie'], // Cyrillic а
    ['Avery', 'Averi'],
    ['Marie Curie', 'Merie Curie'],
    ['Marie Curie', 'Mаriе Curie'], // Cyrillic а and е
    ['Ulf Überhäuser', 'Ulf Ueberhaeuser'],
    ['M. Curie', 'Marie Salomea Curie'],
    ['Ana Jon Smith', 'Ana John Smyth'],
  ])('%s and %s are near', (one, other) => {
    expect([likeNames(one, other), likeNames(other, one)]).toEqual(['near', 'near']);
  });

  test.each('dr prof mr mrs ms mx jr sr ii iii phd msc ing'.split(' '))(
    'do not differ by the title %s',
    (title) => {
      expect(likeNames('Marie Curie', `Marie Curie, ${title}`)).toBe('same');
    },
  );
});

describe('names of two humans', () => {
  test.each([
    ['Marie Curie', 'Pierre Curie'],
    ['Marie Curie', 'Irène Joliot-Curie'],
    ['John Smith', 'Jane Smith'],
    ['Riley Responder', 'Sam Second'],
    ['Responder 1', 'Responder 2'],
    ['Analyst 11', 'Analyst 12'],
    ['Al', 'Bo'],
    ['Smith', 'John Smith'],
    ['Anna Berg', 'Olof Palme'],
    ['Ada Ace', 'Bob Bye'],
    ['...', '---'],
    ['山田太郎', '鈴木一郎'],
    ['S.', 'Smith John'],
    ['Jon Smyth', 'John Smith'],
    ['Ana Jon Smith', 'Ana John Palme'],
    ['Ana Ana', 'Ana Bob'],
    ['Anna', 'Anne'],
    ['Al Berg', 'Ali Berg'],
    ['Mara Berg', 'Marei Berg'],
    ['Marit Berg', 'Maiet Berg'],
    ['Mari Berg', 'Mairx Berg'],
    ['Analyst l1', 'Analyst 11'],
    ['Analyst 111', 'Analyst 112'],
    ['...', 'Marie Curie'],
    ['M. Dupont', 'Marie Salomea Curie'],
    ['Jon Smith', 'John Smith Miller'],
    ['Analyst10 Soc', 'Analyst11 Soc'],
  ])('%s and %s are two', (one, other) => {
    expect([likeNames(one, other), likeNames(other, one)]).toEqual([undefined, undefined]);
  });
});

const person = (id: string, name: string) => ({ id, name, accounts: [`console:${id}`] });

test('every pair is told once, with what to do, and each of them is told of the other alone', () => {
  const people = [person('mc1', 'Marie Curie'), person('ada', 'Ada Lovelace'), person('mc2', 'Curie, Marie')];
  const found = sameHumans(people);
  expect(found.map(({ one, other, how }) => [one.id, other.id, how])).toEqual([['mc1', 'mc2', 'same']]);
  expect(found.map(sameHumanSentence)).toEqual([
    expect.stringMatching(
      /^Marie Curie \(mc1\) and Curie, Marie \(mc2\) have the same name\. If they are one human, that human can approve what they asked for themselves: make it one entry/,
    ),
  ]);
  expect(people.map((one) => namesakes(people, one))).toEqual([
    expect.stringContaining('Curie, Marie (mc2)'),
    undefined,
    expect.stringContaining('Marie Curie (mc1)'),
  ]);
});

test('names that are nearly the same are told as such, and all of them to the person', () => {
  const people = [person('mc1', 'Marie Curie'), person('mc2', 'Marie Curi'), person('mc3', 'M. Curie')];
  expect(sameHumans(people).map(sameHumanSentence)[0]).toMatch(/ have nearly the same name\. /);
  expect(namesakes(people, person('mc1', 'Marie Curie'))).toBe(
    'The policy also lists Marie Curi (mc2), M. Curie (mc3). If that is you too, tell the people who keep the policy: one human must be one entry.',
  );
});
