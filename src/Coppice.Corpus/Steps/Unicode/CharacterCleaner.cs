using System.Buffers;
using System.Globalization;
using System.Text;

namespace Coppice.Corpus.Unicode;

/// <summary>Replaces or removes single characters.</summary>
/// <param name="options">Which.</param>
internal sealed class CharacterCleaner(UnicodeRepairOptions options)
{
    private static readonly SearchValues<char> PlainCharacters =
        SearchValues.Create([.. Enumerable.Range(0x20, 0x7F - 0x20).Select(unit => (char)unit), '\t', '\n']);

    // All that this class may change; surrogates are looked at for their partners.
    private static readonly SearchValues<char> Suspects = SearchValues.Create(
        [.. Enumerable.Range(0, char.MaxValue + 1).Select(unit => (char)unit).Where(unit => KindOf(unit) != Kind.Text || char.IsSurrogate(unit))]);

    private readonly StringBuilder _result = new();

    private enum Kind
    {
        Text,
        Control,
        Invisible,
        Joiner,
        LineEnd,
        Space,
    }

    /// <summary>Whether a text is ASCII without controls: there is nothing to repair.</summary>
    public static bool IsPlain(string text) => !text.AsSpan().ContainsAnyExcept(PlainCharacters);

    /// <summary>Cleans a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="changes">Takes what was changed.</param>
    /// <returns>The text itself where nothing was.</returns>
    public string Clean(string text, List<ReasonCount> changes)
    {
        _result.Clear();
        var copied = 0;
        Span<int> counts = stackalloc int[(int)Kind.Space + 1];
        for (var i = 0; i < text.Length;)
        {
            var next = text.AsSpan(i).IndexOfAny(Suspects);
            if (next < 0) break;
            i += next;
            var kind = ChangeAt(text, i, out var units, out var replacement);
            if (kind != Kind.Text)
            {
                _result.Append(text, copied, i - copied).Append(replacement);
                copied = i + units;
                counts[(int)kind]++;
            }

            i += units;
        }

        Count(changes, "line ends", counts[(int)Kind.LineEnd]);
        Count(changes, "control characters", counts[(int)Kind.Control]);
        Count(changes, "invisible characters", counts[(int)Kind.Invisible]);
        Count(changes, "odd spaces", counts[(int)Kind.Space]);
        return copied == 0 ? text : _result.Append(text, copied, text.Length - copied).ToString();
    }

    private Kind ChangeAt(string text, int index, out int units, out string replacement)
    {
        units = 1;
        replacement = "";
        var unit = text[index];
        if (char.IsSurrogate(unit))
        {
            if (char.IsHighSurrogate(unit) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
            {
                units = 2;
                var codePoint = char.ConvertToUtf32(unit, text[index + 1]);
                // The last two code points of each plane are no characters; tags (plane 14) are invisible.
                if ((codePoint & 0xFFFE) == 0xFFFE && options.Controls) return Kind.Control;
                return codePoint is >= 0xE0000 and <= 0xE007F && options.Invisible && !FollowsEmoji(text, index) ? Kind.Invisible : Kind.Text;
            }

            replacement = "\uFFFD";
            return options.Controls ? Kind.Control : Kind.Text;
        }

        switch (KindOf(unit))
        {
            case Kind.LineEnd when options.LineEnds:
                if (unit == '\r' && index + 1 < text.Length && text[index + 1] == '\n') units = 2;
                replacement = "\n";
                return Kind.LineEnd;
            case Kind.Space when options.Spaces:
                replacement = " ";
                return Kind.Space;
            case Kind.Joiner when options.Invisible && !IsSpelling(text, index):
            case Kind.Invisible when options.Invisible:
                return Kind.Invisible;
            case Kind.Control when options.Controls:
                return Kind.Control;
            default:
                return Kind.Text;
        }
    }

    private static Kind KindOf(char unit) => unit switch
    {
        '\t' or '\n' => Kind.Text,
        '\r' or '\u0085' or '\u2028' or '\u2029' => Kind.LineEnd,
        '\u00A0' or '\u1680' or (>= '\u2000' and <= '\u200A') or '\u202F' or '\u205F' or '\u3000' => Kind.Space,
        '\u200C' or '\u200D' => Kind.Joiner,
        '\u00AD' or '\u034F' or '\u061C' or '\u180E' or '\u200B' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2060' and <= '\u206F') or '\uFEFF'
            or (>= '\uFFF9' and <= '\uFFFB') => Kind.Invisible,
        (>= '\uFDD0' and <= '\uFDEF') or '\uFFFE' or '\uFFFF' => Kind.Control,
        _ => char.IsControl(unit) ? Kind.Control : Kind.Text,
    };

    /// <summary>Whether a joiner stands between two letters beyond Latin, Greek and Cyrillic, or after an emoji: there it is spelling.</summary>
    private static bool IsSpelling(string text, int index)
    {
        if (index == 0 || index + 1 == text.Length) return false;
        var before = text[index - 1];
        var isLetter = before >= '\u0590' && char.GetUnicodeCategory(before) is UnicodeCategory.OtherLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
        return isLetter || FollowsEmoji(text, index);
    }

    private static bool FollowsEmoji(string text, int index) =>
        index > 0 && (char.IsSurrogate(text[index - 1]) || text[index - 1] == '\uFE0F' || char.GetUnicodeCategory(text[index - 1]) == UnicodeCategory.OtherSymbol);

    private static void Count(List<ReasonCount> changes, string what, int count)
    {
        if (count > 0) changes.Add(new ReasonCount(what, count));
    }
}
