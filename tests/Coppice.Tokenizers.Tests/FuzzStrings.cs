using System.Text;

namespace Coppice.Tokenizers.Tests;

/// <summary>Random strings of all planes of Unicode, the same as Data/fuzz-strings.js makes.</summary>
internal static class FuzzStrings
{
    private static readonly string[] Words =
    [
        "the", "And", "king", "'s", "'ll", "Romeo", "thou", "shalt", "not", "12", "345", "noble", "naïve", "café", "ÉCOLE", "Straße", "İstanbul",
        "ﬁne", "日本", "한국어", "각", "がぎ", "ﾊﾟ", "①②", "½", "Ⅷ", "<unk>", "[MASK]", "[UNK]", "##", "▁", "👩‍👧", "🙂", "𝔘𝟙", "\r\n", "…", "“", "”", "—",
    ];

    private static readonly int[] Whites =
    [
        9, 10, 11, 12, 13, 0, 1, 0x1f, 0x7f, 0x85, 0xa0, 0xad, 0x200b, 0x200c, 0x200d, 0x2028, 0x3000, 0xfeff, 0xfffd, 0xfffe, 0xffff, 0x180e,
    ];

    public static string Make(int index)
    {
        var state = (uint)(index + 1) * 0x9e3779b1 ^ 0x5bd1e995;
        if (state == 0) state = 1;
        var text = new StringBuilder();
        for (var parts = 1 + Next(30); parts > 0; parts--)
        {
            switch (Next(12))
            {
                case 0 or 1: text.Append(Scalar(0, 0x110000)); break;
                case 2: text.Append(Scalar(0, 0x3000)); break;
                case 3: text.Append(Scalar(0xa0, 0x560)); break;
                case 4 or 5: text.Append(Scalar(0x20, 0x5f)); break;
                case 6: text.Append(' ', 1 + Next(3)); break;
                case 7 or 8: text.Append(Words[Next(Words.Length)]); break;
                case 9: text.Append(Scalar(0x300, 0x70)); break;
                case 10: text.Append(new Rune(Whites[Next(Whites.Length)])); break;
                default: text.Append(Scalar(0x10000, 0x20000)); break;
            }
        }

        return text.ToString();

        int Next(int n)
        {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            return (int)(state % (uint)n);
        }

        Rune Scalar(int first, int count)
        {
            var value = first + Next(count);
            return new Rune(value is >= 0xd800 and < 0xe000 ? value - 0x800 : value);
        }
    }
}
