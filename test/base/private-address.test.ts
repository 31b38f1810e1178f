import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isPrivateAddress, isPrivateHost } from '../../src/base/index.ts';

/** As an attacker writes the host of a URL; `URL` is what reads it. */
const hostOf = (text: string): string => new URL(`http://${text}/`).hostname;

describe('private addresses', () => {
  it.each(
    [
      ['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001', '0', '0.0.0.0'],
      ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '2852039166', '0xa9fea9fe', '100.64.0.1'],
      ['192.0.0.1', '224.0.0.1', '255.255.255.255', '①②⑦.⓪.⓪.①'],
      ['[::]', '[::1]', '[0:0:0:0:0:0:0:1]', '[fc00::1]', '[fdff::1]', '[fe80::1]', '[febf::1]', '[fec0::1]', '[ff02::1]'],
      ['[::ffff:127.0.0.1]', '[::ffff:a9fe:a9fe]', '[::127.0.0.1]', '[::10.1.2.3]', '[64:ff9b::10.0.0.1]', '[64:ff9b::a9fe:a9fe]'],
      ['[2002:7f00:1::]', '[2002:a9fe:a9fe::1]', '[64:ff9b:1::1]'],
      ['localhost', 'LOCALHOST', 'localhost.', 'a.localhost', 'a.localhost.'],
    ].flat(),
  )('are known as http://%s/', (host) => {
    expect(isPrivateHost(hostOf(host))).toBe(true);
  });

  it.each(
    [
      [
        '1.1.1.1',
        '8.8.8.8',
        '172.15.0.1',
        '172.32.0.1',
        '11.0.0.1',
        '192.169.0.1',
        '100.128.0.1',
        '169.253.0.1',
        '223.255.255.255',
        '198.18.0.1',
      ],
      ['[2606:4700::1111]', '[::ffff:8.8.8.8]', '[64:ff9b::8.8.8.8]', '[2002:808:808::]', '[2001:db8:7f00:1::]'],
      ['example.com', 'localhost.example', 'notlocalhost', '127.0.0.1.example', 'fd00.example'],
    ].flat(),
  )('are not http://%s/', (host) => {
    expect(isPrivateHost(hostOf(host))).toBe(false);
  });

  it('with a zone are known as well, and what is no address is none', () => {
    expect(isPrivateAddress('fe80::1%eth0')).toBe(true);
    expect(isPrivateAddress('')).toBe(false);
    expect(isPrivateAddress('localhost')).toBe(false);
  });

  it('are the same in every spelling of IPv4 within IPv6', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, octet, (...octets) => {
        const plain = octets.join('.');
        for (const carrier of ['::ffff:', '64:ff9b::']) {
          expect(isPrivateAddress(`${carrier}${plain}`)).toBe(isPrivateAddress(plain));
        }
        const number = octets.reduce((sum, one) => sum * 256 + one, 0);
        expect(isPrivateHost(hostOf(String(number)))).toBe(isPrivateAddress(plain));
        expect(isPrivateHost(hostOf(`0x${number.toString(16)}`))).toBe(isPrivateAddress(plain));
      }),
    );
  });

  it('never make the check fail', () => {
    const check = (): void => fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), (text) => void isPrivateAddress(text)));
    expect(check).not.toThrow();
  });
});
