// SHA-256 of every content that our own scripts had before, by name: a library that still holds one of them
// was filled from an earlier version of this program, and nobody's change is lost when it is replaced. Add
// the old hash here with every change of a script.

export const earlierShipped: Readonly<Record<string, readonly string[]>> = {
  'minidump.ps1': [
    '2e69f653232ded20aefd31b54967cd141f917fad1aab2a04370b55ebd227fce7',
    '3bd5e52e3212e97b5d97c5e35ef142beb8a4cfeddfa738d78c762db3750f4cfe',
    '56320f74b4614958011d225304684ce8c8fcf2cc072462dde510a9fc68fbbaa1',
    'ebd422295f49f55ef02bf1d6b5de5fac39e2cd2c86ab2a6d339503381efb3cad',
  ],
  'collect.ps1': [
    '666bd8c483a00d670d738bcef3a96a1b25e4ed200030c9f8846f7af1712d691e',
    '69828887a51f4184b0640258c68d19efbadbb792f69ba2af649c1c61c92c6064',
    '6bddbf933cde74c36772ad0e502fcb82fbd69e472a9b52d1a5cd40c8d865c065',
  ],
  'collect.sh': [
    '7b7b07a6471d8e75fddcff343fbed5b2976ec8d8d2354f082648321c28550350',
    'ea8c9998e079198cca5a17100aa8579723cae6604378b6702982de3b2c301f1d',
    'e9f264bcf4c14db68097ab66d5970ddc584dc8e3ddcf80efeb4199612dc0ba25',
    '2f759d8ba5e886644aadc6b91bf1791bd1a67efe6979166707aa59a75e1aea64',
    'f37ab50429145871003f5455a03e24895d2e52caa01f07cd3d6d815eb4b91c82',
    '258cce5cc91eb01cffb8ebc7136d5ff9ba29f85a0ba4b398af5deb2246f7af3a',
    '23cb0809a1aa01c339655013a92b04f65837735bf9fa6eb2ef347047b74d5855',
  ],
};
