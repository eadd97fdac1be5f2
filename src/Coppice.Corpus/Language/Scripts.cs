namespace Coppice.Corpus.Language;

/// <summary>Writing systems by ranges of UTF-16 units. What identification divides languages by first: most scripts but the Latin one belong to few languages.</summary>
internal static class Scripts
{
    // Han and Kana are one: Japanese is written in both. By ISO 15924.
    private static readonly string[] s_names =
    [
        "Zyyy", "Latn", "Grek", "Cyrl", "Armn", "Hebr", "Arab", "Syrc", "Thaa", "Deva", "Beng", "Guru", "Gujr", "Orya", "Taml", "Telu", "Knda", "Mlym", "Sinh", "Thai",
        "Laoo", "Tibt", "Mymr", "Geor", "Hang", "Ethi", "Cher", "Cans", "Khmr", "Mong", "Jpan", "Yiii",
    ];

    private static readonly (char First, char Last, string Name)[] s_ranges =
    [
        ('A', 'ɏ', "Latn"), ('\u1E00', '\u1EFF', "Latn"), ('\u2C60', '\u2C7F', "Latn"), ('\uA720', '\uA7FF', "Latn"), ('\uAB30', '\uAB6F', "Latn"), ('\u0250', '\u02AF', "Latn"),
        ('\u0370', '\u03FF', "Grek"), ('\u1F00', '\u1FFF', "Grek"),
        ('\u0400', '\u052F', "Cyrl"), ('\u1C80', '\u1C8F', "Cyrl"), ('\u2DE0', '\u2DFF', "Cyrl"), ('\uA640', '\uA69F', "Cyrl"),
        ('\u0530', '\u058F', "Armn"), ('\uFB13', '\uFB17', "Armn"),
        ('\u0590', '\u05FF', "Hebr"), ('\uFB1D', '\uFB4F', "Hebr"),
        ('\u0600', '\u06FF', "Arab"), ('\u0750', '\u077F', "Arab"), ('\u08A0', '\u08FF', "Arab"), ('\uFB50', '\uFDFF', "Arab"), ('\uFE70', '\uFEFF', "Arab"),
        ('\u0700', '\u074F', "Syrc"), ('\u0780', '\u07BF', "Thaa"),
        ('\u0900', '\u097F', "Deva"), ('\uA8E0', '\uA8FF', "Deva"), ('\u0980', '\u09FF', "Beng"), ('\u0A00', '\u0A7F', "Guru"), ('\u0A80', '\u0AFF', "Gujr"),
        ('\u0B00', '\u0B7F', "Orya"), ('\u0B80', '\u0BFF', "Taml"), ('\u0C00', '\u0C7F', "Telu"), ('\u0C80', '\u0CFF', "Knda"), ('\u0D00', '\u0D7F', "Mlym"),
        ('\u0D80', '\u0DFF', "Sinh"), ('\u0E00', '\u0E7F', "Thai"), ('\u0E80', '\u0EFF', "Laoo"), ('\u0F00', '\u0FFF', "Tibt"),
        ('\u1000', '\u109F', "Mymr"), ('\uA9E0', '\uA9FF', "Mymr"), ('\uAA60', '\uAA7F', "Mymr"),
        ('\u10A0', '\u10FF', "Geor"), ('\u1C90', '\u1CBF', "Geor"), ('\u2D00', '\u2D2F', "Geor"),
        ('\u1100', '\u11FF', "Hang"), ('\u3130', '\u318F', "Hang"), ('\uA960', '\uA97F', "Hang"), ('\uAC00', '\uD7FF', "Hang"),
        ('\u1200', '\u139F', "Ethi"), ('\u2D80', '\u2DDF', "Ethi"), ('\u13A0', '\u13FF', "Cher"), ('\uAB70', '\uABBF', "Cher"), ('\u1400', '\u167F', "Cans"),
        ('\u1780', '\u17FF', "Khmr"), ('\u1800', '\u18AF', "Mong"),
        ('\u2E80', '\u2FDF', "Jpan"), ('\u3005', '\u3007', "Jpan"), ('\u3040', '\u30FF', "Jpan"), ('\u31F0', '\u31FF', "Jpan"), ('\u3400', '\u9FFF', "Jpan"),
        ('\uF900', '\uFAFF', "Jpan"), ('\uFF66', '\uFF9D', "Jpan"), ('\uA000', '\uA4CF', "Yiii"),
    ];

    /// <summary>How many scripts there are.</summary>
    public static int Count => s_names.Length;

    /// <summary>The script's name by ISO 15924.</summary>
    /// <param name="script">Which.</param>
    public static string NameOf(int script) => s_names[script];

    /// <summary>A script by its name, or -1.</summary>
    /// <param name="name">The name by ISO 15924.</param>
    public static int ByName(string name) => Array.IndexOf(s_names, name);

    /// <summary>The script of each UTF-16 unit.</summary>
    public static byte[] Table()
    {
        var scripts = new byte[char.MaxValue + 1];
        foreach (var (first, last, name) in s_ranges) scripts.AsSpan(first..(last + 1)).Fill((byte)ByName(name));
        return scripts;
    }
}
