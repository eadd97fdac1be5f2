namespace Coppice.Corpus.Privacy;

/// <summary>Countries' calling codes (ITU-T E.164) and how many digits follow them.</summary>
internal static class CallingCodes
{
    // Code, fewest and most digits after it; where a plan is not known in detail, 6 to 12.
    private static readonly Dictionary<string, CallingCode> Codes = Parse(
        "1:10-10 7:10-10 20:8-10 27:9-9 30:10-10 31:9-9 32:8-9 33:9-9 34:9-9 36:8-9 39:6-11 40:9-9 41:9-9 43:6-13 44:9-10 45:8-8 46:7-10 47:8-8 48:9-9 49:6-12 51:8-9 52:10-11 "
        + "53:6-8 54:10-11 55:10-11 56:8-9 57:8-10 58:10-10 60:7-10 61:9-9 62:7-12 63:8-10 64:8-10 65:8-8 66:8-9 81:9-10 82:8-10 84:8-10 86:9-11 90:10-10 91:10-10 92:9-10 93:9-9 "
        + "94:9-9 95:7-10 98:10-10 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244 245 246 248 249 250 251 "
        + "252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299 350 351:9-9 352:6-11 353:7-9 354:7-9 355 356 357 358 359 370 371 372 373 374 375 "
        + "376 377 378 380:9-9 381 382 383 385 386 387 389 420:9-9 421:9-9 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 "
        + "676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 852:8-8 853 855 856 880 886 960 961 962 963 964 965 966 967 968 970 971:8-9 972:8-9 973 974 975 976 "
        + "977 992 993 994 995 996 998");

    private static readonly Dictionary<string, CallingCode>.AlternateLookup<ReadOnlySpan<char>> CodeOf = Codes.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The code that digits begin with; null where there is none. No code is the beginning of another.</summary>
    public static CallingCode? Match(ReadOnlySpan<char> digits)
    {
        for (var length = 1; length <= 3 && length <= digits.Length; length++)
        {
            if (CodeOf.TryGetValue(digits[..length], out var code)) return code;
        }

        return null;
    }

    private static Dictionary<string, CallingCode> Parse(string codes) =>
        codes.Split(' ').Select(entry => entry.Split(':', '-')).ToDictionary(
            parts => parts[0], parts => new CallingCode(parts[0].Length, parts.Length > 1 ? Number(parts[1]) : 6, parts.Length > 1 ? Number(parts[2]) : 12));

    private static int Number(string digits) => int.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>A country's calling code.</summary>
/// <param name="Length">Digits of the code.</param>
/// <param name="MinDigits">The fewest digits after it.</param>
/// <param name="MaxDigits">The most digits after it.</param>
internal sealed record CallingCode(int Length, int MinDigits, int MaxDigits);
