using Coppice.Tokenizers.PreTokenizers;

namespace Coppice.Tokenizers.Training;

/// <summary>How texts become the words that are counted. No token is learnt that reaches over the start of a word.</summary>
internal abstract class WordSplitter
{
    /// <summary>The character that begins a word after another. Texts may be cut before it, where no white space is before it.</summary>
    public abstract char Space { get; }

    /// <summary>The parts of a text as they are cut: normalised.</summary>
    public abstract IEnumerable<string> Prepare(string text);

    /// <summary>Appends the words of a part.</summary>
    public abstract void Split(ReadOnlySpan<char> text, List<TextPiece> words);

    /// <summary>
    /// Cuts text without a pre-tokenizer: before a run of the character that stands for a space, and where lines end, so that lines are learnt alike wherever
    /// they stand.
    /// </summary>
    protected static void SplitBefore(char space, ReadOnlySpan<char> text, List<TextPiece> words)
    {
        var start = 0;
        for (var i = 1; i < text.Length; i++)
        {
            var startsWord = text[i] == space && text[i - 1] != space;
            var startsOrEndsLine = (text[i] == '\n') != (text[i - 1] == '\n');
            if (!startsWord && !startsOrEndsLine) continue;
            words.Add(new TextPiece(start, i - start));
            start = i;
        }

        if (start < text.Length) words.Add(new TextPiece(start, text.Length - start));
    }
}

/// <summary>Words as a tokenizer that exists cuts them.</summary>
internal sealed class TokenizerWords(Tokenizer tokenizer) : WordSplitter
{
    private readonly PreTokenizer? preTokenizer = tokenizer.Parts.PreTokenizer;

    public override char Space => preTokenizer is null ? '▁' : ' ';

    public override IEnumerable<string> Prepare(string text)
    {
        var words = new List<TextPiece>();
        foreach (var (part, token) in tokenizer.Prepare(text))
        {
            if (token is not null) continue;
            if (preTokenizer is null or { OnlySplits: true })
            {
                yield return part.Text;
                continue;
            }

            // What rewrites words can't be asked to cut a part of the text alone.
            tokenizer.Split(part, words);
            foreach (var word in words) yield return part.Text.Substring(word.Start, word.Length);
        }
    }

    public override void Split(ReadOnlySpan<char> text, List<TextPiece> words)
    {
        if (preTokenizer is null) SplitBefore(Space, text, words);
        else if (preTokenizer.OnlySplits) preTokenizer.Split(text, new TextPiece(0, text.Length), words);
        else if (text.Length > 0) words.Add(new TextPiece(0, text.Length));
    }
}
