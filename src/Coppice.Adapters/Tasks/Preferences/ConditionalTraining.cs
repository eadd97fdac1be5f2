using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Tokenizers;

namespace Coppice.Adapters;

/// <summary>
/// Conditional training: each text begins with a mark that says whether its score reaches a threshold, and the model learns all of them as text. Continued from the mark of
/// the good ones, it writes what is like them, and what it knows from the others is not lost. Trained with
/// <see cref="SupervisedObjective"/>: a mark is no target.
/// </summary>
[Technique("conditional-training", Title = "Pretraining Language Models with Human Preferences", Paper = "arXiv:2302.08582")]
public sealed class ConditionalTraining
{
    /// <summary>The paper's mark of texts that reach the threshold.</summary>
    public const string Aligned = "<|aligned|>";

    /// <summary>The paper's mark of the others.</summary>
    public const string Misaligned = "<|misaligned|>";

    private const double Ban = -100;

    private readonly Tokenizer _tokenizer;
    private readonly double _threshold;
    private readonly double _unmarked;
    private readonly int[] _good;
    private readonly int[] _bad;

    /// <summary>Marks for a tokenizer.</summary>
    /// <param name="tokenizer">The model's tokenizer. A mark that it has as a token is that token; another is the tokens of its letters.</param>
    /// <param name="threshold">The least score of a good text.</param>
    /// <param name="unmarked">The share of texts that get no mark, so that the model writes without one too; the paper's is 1 %.</param>
    /// <param name="good">The mark of good texts.</param>
    /// <param name="bad">The mark of the others.</param>
    /// <exception cref="CoppiceException">The threshold or the share is out of its range, or the marks are the same tokens, or none (exit code 2).</exception>
    public ConditionalTraining(Tokenizer tokenizer, double threshold, double unmarked = 0.01, string good = Aligned, string bad = Misaligned)
    {
        if (!double.IsFinite(threshold)) throw CoppiceException.Usage("conditional training: the threshold is a finite number");
        if (!(unmarked is >= 0 and < 1)) throw CoppiceException.Usage(FormattableString.Invariant($"conditional training: the share without a mark is {unmarked}; 0 up to but without 1 is expected"));
        (_tokenizer, _threshold, _unmarked) = (tokenizer, threshold, unmarked);
        (_good, _bad) = (TokensOf(good), TokensOf(bad));
        if (_good.Length == 0 || _bad.Length == 0 || _good.SequenceEqual(_bad)) throw CoppiceException.Usage($"conditional training: the marks '{good}' and '{bad}' are to be different tokens");
    }

    /// <summary>
    /// Whether both marks are tokens of their own. Where they are not, marks cost several tokens each, and <see cref="Bias"/> can't keep the model from writing them.
    /// </summary>
    public bool MarksAreTokens => _good.Length == 1 && _bad.Length == 1;

    /// <summary>What generation adds to the logits so that no mark is written: an entry for each mark that is one token.</summary>
    public IReadOnlyDictionary<int, double> Bias => new[] { _good, _bad }.Where(mark => mark.Length == 1).ToDictionary(mark => mark[0], _ => Ban);

    /// <summary>Renders texts. What is longer than a document becomes several side by side, each with its text's mark.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="maxTokens">The most tokens of a document: no more than the model's positions.</param>
    /// <param name="seed">Decides which texts get no mark.</param>
    /// <returns>Documents in which the text's tokens and its end have a target, and the mark's have none.</returns>
    /// <exception cref="CoppiceException">All texts are on one side of the threshold, or documents have no room for text.</exception>
    public RenderedTask Render(IReadOnlyList<ScoredText> texts, int maxTokens, ulong seed)
    {
        var good = texts.Count(text => text.Score >= _threshold);
        if (good == 0 || good == texts.Count)
            throw new CoppiceException(FormattableString.Invariant($"conditional training: {good} of {texts.Count} texts reach the threshold {_threshold}: choose one that parts them"));
        var (builder, random) = (new RenderedTaskBuilder(), new Philox(seed, 0));
        for (var i = 0; i < texts.Count; i++)
        {
            int[] mark = random.UniformDouble((ulong)i) < _unmarked ? [] : texts[i].Score >= _threshold ? _good : _bad;
            var ids = new List<int>();
            _tokenizer.Encode(texts[i].Text, ids);
            if (_tokenizer.EndOfText is { } end) ids.Add(end);
            int[] before = [.. Begin, .. mark];
            // The last token is predicted and not read, and something must be read before the first.
            var room = maxTokens + 1 - before.Length;
            if (room < 2) throw CoppiceException.Usage(FormattableString.Invariant($"conditional training: documents of {maxTokens} tokens have no room for text behind a mark of {mark.Length}"));
            var documents = new List<TaskDocument>();
            foreach (var window in ids.Chunk(room))
            {
                int[] sequence = [.. before, .. window];
                var first = Math.Max(1, before.Length);
                if (sequence.Length > first) documents.Add(AnswerDocument.OfSpans(sequence, [(first, sequence.Length)]));
            }

            if (documents.Count > 0) builder.Add(texts[i].Where, shortened: false, [.. documents]);
            else builder.PassOver();
        }

        return builder.Finish(maxTokens);
    }

    /// <summary>The tokens that a good text's continuation begins from.</summary>
    /// <param name="prompt">The beginning of the text; may be empty.</param>
    public int[] Prompt(string prompt)
    {
        List<int> tokens = [.. Begin, .. _good];
        _tokenizer.Encode(prompt, tokens);
        return [.. tokens];
    }

    private IEnumerable<int> Begin => _tokenizer.BeginOfText is { } begin ? [begin] : [];

    private int[] TokensOf(string mark)
    {
        if (_tokenizer.TokenToId(mark) is { } id) return [id];
        var tokens = new List<int>();
        _tokenizer.Encode(mark, tokens);
        return [.. tokens];
    }
}
