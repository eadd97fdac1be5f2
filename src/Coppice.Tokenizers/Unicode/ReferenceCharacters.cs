using System.Globalization;
using System.Text;

namespace Coppice.Tokenizers.Unicode;

/// <summary>
/// Classes of characters as Hugging Face's tokenizers has them. Each of its parts brings data of its own version of Unicode, most of them older than
/// .NET's, so where a class depends on the version, the characters that the reference doesn't know (found by trying every code point) are listed here.
/// </summary>
internal static class ReferenceCharacters
{
    /// <summary>Characters that no normalisation form changes, and that nothing is composed or reordered with: its forms are those of Unicode 9.</summary>
    private static readonly CodePointSet NewToNormalization = new("""
        7fd 897-89f 8ca-8d3 9fe afa-aff b55 c04 c3c cf3 d00 d3b-d3c d81 eba ece 1715 180f 1abf-1add 1ae0-1aeb 1cf7 1df6-1dfa 32ff
        a7f1-a7f4 a82c a8ff ab69 105c9 105e4 10781-10785 10787-107b0 107b2-107ba 10d24-10d27 10d69-10d6d 10eab-10eac 10efa-10eff
        10f46-10f50 10f82-10f85 11070 11073-11074 110c2 11145-11146 111c9 111ce-111cf 11241 1133b 11383 11385 1138e 11391 113b8-113c0
        113c2 113c5 113c7-113ca 113cc-113d0 113d2 113e1-113e2 1145e 1182c-1183a 11930-11935 11937-11938 1193b-1193e 11940 11942-11943
        119d1-119d7 119da-119e0 119e4 11a01-11a0a 11a33-11a39 11a3b-11a3e 11a47 11a51-11a5b 11a8a-11a99 11b60-11b67 11d31-11d36 11d3a
        11d3c-11d3d 11d3f-11d45 11d47 11d8a-11d8e 11d90-11d91 11d93-11d97 11ef3-11ef6 11f00-11f01 11f03 11f34-11f3a 11f3e-11f42 11f5a
        13440 13447-13455 1611e-1612f 16d68-16d6a 16f4f 16f7f-16f87 16fe4 16ff0-16ff1 1ccd6-1ccf9 1cf00-1cf2d 1cf30-1cf46 1e030-1e06d
        1e08f 1e130-1e136 1e2ae 1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5 1f16c 1fbf0-1fbf9
        """);

    private static readonly CodePointSet NewMarks = new("""
        7fd 897-89f 8ca-8d3 9fe afa-aff b55 c04 c3c cf3 d00 d3b-d3c d81 eba ece 1715 180f 1abf-1add 1ae0-1aeb 1cf7 1df6-1dfa a82c a8ff
        10d24-10d27 10d69-10d6d 10eab-10eac 10efa-10eff 10f46-10f50 10f82-10f85 11070 11073-11074 110c2 11145-11146 111c9 111ce-111cf
        11241 1133b 113b8-113c0 113c2 113c5 113c7-113ca 113cc-113d0 113d2 113e1-113e2 1145e 1182c-1183a 11930-11935 11937-11938
        1193b-1193e 11940 11942-11943 119d1-119d7 119da-119e0 119e4 11a01-11a0a 11a33-11a39 11a3b-11a3e 11a47 11a51-11a5b 11a8a-11a99
        11b60-11b67 11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 11d47 11d8a-11d8e 11d90-11d91 11d93-11d97 11ef3-11ef6 11f00-11f01 11f03
        11f34-11f3a 11f3e-11f42 11f5a 13440 13447-13455 1611e-1612f 16f4f 16f7f-16f87 16fe4 16ff0-16ff1 1cf00-1cf2d 1cf30-1cf46 1e08f
        1e130-1e136 1e2ae 1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5
        """);

    private static readonly CodePointSet NewNonSpacingMarks = new("""
        7fd 897-89f 8ca-8e1 9fe afa-aff b55 c04 c3c d00 d3b-d3c d81 eba ece 180f 1885-1886 1abf-1add 1ae0-1aeb 1df6-1dfb a82c a8c5 a8ff
        a9bd 105c9 105e4 10d24-10d27 10d69-10d6d 10eab-10eac 10efa-10eff 10f46-10f50 10f82-10f85 11070 11073-11074 110c2 111c9 111cf 1123e
        11241 1133b 11383 11385 1138e 11391 113bb-113c0 113c5 113c7-113c8 113ce 113d0 113d2 113e1-113e2 11438-1143f 11442-11444 11446
        1145e 1182f-11837 11839-1183a 11938 1193b-1193c 1193e 11943 119d4-119d7 119da-119db 119e0 11a01-11a0a 11a33-11a38 11a3b-11a3e
        11a47 11a51-11a56 11a59-11a5b 11a8a-11a96 11a98-11a99 11b60 11b62-11b64 11b66 11c30-11c36 11c38-11c3d 11c3f 11c92-11ca7
        11caa-11cb0 11cb2-11cb3 11cb5-11cb6 11d31-11d36 11d3a 11d3c-11d3d 11d3f-11d45 11d47 11d90-11d91 11d95 11d97 11ef3-11ef4
        11f00-11f01 11f36-11f3a 11f40 11f42 11f5a 13440 13447-13455 1611e-16129 1612d-1612f 16d68-16d6a 16f4f 16fe4 1cf00-1cf2d
        1cf30-1cf46 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e08f 1e130-1e136 1e2ae 1e2ec-1e2ef 1e4ec-1e4ef
        1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5 1e944-1e94a
        """);

    private static readonly CodePointSet NewPunctuation = new("""
        61d 9fd a76 c77 c84 1b4e-1b4f 1b7d-1b7f 2e43-2e4f 2e52-2e5d 10d6e 10ead 10ed0 10f55-10f59 10f86-10f89 113d4-113d5 113d7-113d8
        1144b-1144f 1145a-1145b 1145d 11660-1166c 116b9 1183b 11944-11946 119e2 11a3f-11a46 11a9a-11a9c 11a9e-11aa2 11b00-11b09 11be1
        11c41-11c45 11c70-11c71 11ef7-11ef8 11f43-11f4f 11fff 12ff1-12ff2 16d6d-16d6f 16e97-16e9a 16fe2 1e5ff 1e95e-1e95f
        """);

    /// <summary>Whether the normalisation forms know a character only as one that stays as it is.</summary>
    public static bool IsNewToNormalization(Rune rune) => NewToNormalization.Contains(rune.Value);

    /// <summary>A combining mark, for <c>StripAccents</c>.</summary>
    public static bool IsMark(Rune rune)
    {
        if (rune.IsAscii) return false;
        if (rune.Value is 0x1CF2 or 0x1CF3) return true;
        return Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
            && !NewMarks.Contains(rune.Value);
    }

    /// <summary>A non-spacing mark, for <c>BertNormalizer</c>.</summary>
    public static bool IsNonSpacingMark(Rune rune)
    {
        if (rune.IsAscii) return false;
        if (rune.Value is 0x1734 or 0x1171E) return true;
        return Rune.GetUnicodeCategory(rune) == UnicodeCategory.NonSpacingMark && !NewNonSpacingMarks.Contains(rune.Value);
    }

    /// <summary>What <c>BertNormalizer</c> takes out: control, format and private characters other than white space, U+0000 and U+FFFD.</summary>
    public static bool IsControl(Rune rune) => rune.Value switch
    {
        '\t' or '\n' or '\r' => false,
        0 or 0xFFFD => true,
        0x890 or 0x891 or 0x8E2 or 0x110CD or (>= 0x13430 and <= 0x1343F) => false,
        _ => Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse,
    };

    /// <summary>The characters that <c>BertNormalizer</c> puts spaces around: ideographs, but not all extensions.</summary>
    public static bool IsIdeograph(Rune rune) => rune.Value is (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or
        (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF) or (>= 0x2F800 and <= 0x2FA1F);

    /// <summary>Punctuation: ASCII's, symbols among it, and Unicode's.</summary>
    public static bool IsPunctuation(Rune rune)
    {
        if (rune.IsAscii) return rune.Value is > ' ' and < 0x7F && !Rune.IsLetterOrDigit(rune);
        if (rune.Value is 0x166D or 0x111C9) return true;
        return Rune.IsPunctuation(rune) && !NewPunctuation.Contains(rune.Value);
    }

    /// <summary>What a regular expression's <c>\w</c> matches: letters, marks, digits, connectors, and letters in circles.</summary>
    public static bool IsWord(Rune rune) => rune.Value switch
    {
        0x200C or 0x200D => true,
        (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169) or (>= 0x1F170 and <= 0x1F189) => true,
        _ => Rune.GetUnicodeCategory(rune) is
            UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or
            UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation or
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark,
    };
}
