using System.Buffers;
using System.Globalization;
using System.Text;

namespace Coppice.Tokenizers;

/// <summary>Finds added tokens in a text: the leftmost first, of those that start at one place the longest.</summary>
internal sealed class AddedTokenMatcher
{
    private readonly Node root = new();
    private readonly SearchValues<char> firstChars;

    /// <summary>Prepares the search.</summary>
    /// <param name="patterns">What to look for, and the token that it is.</param>
    public AddedTokenMatcher(IEnumerable<(string Text, AddedToken Token)> patterns)
    {
        foreach (var (text, token) in patterns)
        {
            if (text.Length == 0) continue;
            var node = root;
            foreach (var unit in text)
            {
                if (!node.Children.TryGetValue(unit, out var child)) node.Children.Add(unit, child = new Node());
                node = child;
            }

            node.Token ??= token;
        }

        firstChars = SearchValues.Create(root.Children.Keys.ToArray());
    }

    /// <summary>Cuts a text into added tokens and what lies between; the pieces cover it, and none of those between is empty.</summary>
    /// <param name="text">The text.</param>
    /// <param name="specialIsPlainText">Whether special tokens aren't looked for.</param>
    public List<(TextPiece Piece, AddedToken? Token)> Split(string text, bool specialIsPlainText)
    {
        var pieces = new List<(TextPiece, AddedToken?)>();
        var covered = 0;
        var position = 0;
        while (Find(text, position) is { } match)
        {
            var (start, length, token) = match;
            var end = start + length;
            position = end;
            if (token.Special && specialIsPlainText) continue;
            if (token.SingleWord && (EndsWithWordCharacter(text.AsSpan(0, start)) || StartsWithWordCharacter(text.AsSpan(end)))) continue;
            // White space that the token before took isn't taken twice.
            if (token.StripLeft) start = Math.Max(covered, text.AsSpan(0, start).TrimEnd().Length);
            if (token.StripRight) end = text.Length - text.AsSpan(end).TrimStart().Length;
            if (covered < start) pieces.Add((new TextPiece(covered, start - covered), null));
            pieces.Add((new TextPiece(start, end - start), token));
            covered = end;
        }

        if (covered < text.Length) pieces.Add((new TextPiece(covered, text.Length - covered), null));
        return pieces;
    }

    private (int Start, int Length, AddedToken Token)? Find(string text, int from)
    {
        for (var start = from; start < text.Length; start++)
        {
            var skipped = text.AsSpan(start).IndexOfAny(firstChars);
            if (skipped < 0) return null;
            start += skipped;
            var node = root;
            (int, int, AddedToken)? longest = null;
            for (var i = start; i < text.Length && node.Children.TryGetValue(text[i], out var child); i++)
            {
                node = child;
                if (node.Token is not null) longest = (start, i + 1 - start, node.Token);
            }

            if (longest is not null) return longest;
        }

        return null;
    }

    private static bool EndsWithWordCharacter(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWordCharacter(rune);

    private static bool StartsWithWordCharacter(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWordCharacter(rune);

    private static bool IsWordCharacter(Rune rune) => rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter or
        UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation or
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    private sealed class Node
    {
        public Dictionary<char, Node> Children { get; } = [];

        public AddedToken? Token { get; set; }
    }
}
