using System.Text;

namespace Coppice.Tokenizers.PreTokenizers;

/// <summary>Puts a text together anew from its words, changed on the way.</summary>
/// <param name="source">The text.</param>
internal sealed class WordRewriter(NormalizedText source)
{
    private readonly StringBuilder text = new(source.Text.Length);
    private readonly List<int>? origins = source.TracksOffsets ? new List<int>(source.Text.Length) : null;
    private readonly List<int> starts = [];

    /// <summary>Puts a character before some words.</summary>
    /// <param name="text">The text.</param>
    /// <param name="words">Its words, none empty; afterwards with the character.</param>
    /// <param name="prefix">The character; it counts as part of the word's first one.</param>
    /// <param name="isPrefixed">Which words get it.</param>
    public static void Prefix(NormalizedText text, List<TextPiece> words, char prefix, Func<TextPiece, bool> isPrefixed)
    {
        if (!words.Exists(word => isPrefixed(word))) return;
        var rewriter = new WordRewriter(text);
        foreach (var word in words)
        {
            rewriter.StartWord();
            if (isPrefixed(word)) rewriter.Add(prefix, word.Start);
            rewriter.Add(word);
        }

        rewriter.Finish(words);
    }

    /// <summary>What is added from now on is another word.</summary>
    public void StartWord() => starts.Add(text.Length);

    /// <summary>Adds a character to the word.</summary>
    /// <param name="unit">The character.</param>
    /// <param name="origin">The unit of the old text that it comes from.</param>
    public void Add(char unit, int origin)
    {
        text.Append(unit);
        origins?.Add(origin);
    }

    /// <summary>Adds a part of the old text to the word.</summary>
    public void Add(TextPiece part)
    {
        text.Append(source.Text, part.Start, part.Length);
        for (var i = 0; origins is not null && i < part.Length; i++) origins.Add(part.Start + i);
    }

    /// <summary>Makes the words the text.</summary>
    /// <param name="words">Where the words go.</param>
    public void Finish(List<TextPiece> words)
    {
        var startedOriginal = words.Count > 0 && words[0].Start == 0;
        words.Clear();
        for (var i = 0; i < starts.Count; i++) words.Add(new TextPiece(starts[i], (i + 1 < starts.Count ? starts[i + 1] : text.Length) - starts[i]));
        source.Rewrite(text.ToString(), origins, startedOriginal);
    }
}
