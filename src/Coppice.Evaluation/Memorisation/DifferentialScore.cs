using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tokenizers;

namespace Coppice.Evaluation;

/// <summary>A piece of text that an update made more probable.</summary>
/// <param name="Source">The source of the document it is from.</param>
/// <param name="Text">The piece.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Score">Its differential score; at most its tokens.</param>
public sealed record RevealedSnippet(string Source, string Text, int Tokens, double Score);

/// <summary>
/// What holding both the model before and the model after an update gives away: DS(s) = Σ over the tokens of s of the probability by the child less
/// that by the parent, each given the tokens before it. Both models need the same tokenizer.
/// </summary>
/// <remarks>
/// The paper searches the highest score among all token sequences by a beam from the start, as an outsider has to. Whoever made the update has its
/// text, so here the windows of that text are ranked: exact, one pass, and nothing trained on is missed. A window is scored with its document before
/// it, so the score is that against someone who knows what comes before: at least as much as an outsider can see.
/// </remarks>
[Technique("differential-score", Title = "Analyzing Information Leakage of Updates to Natural Language Models", Paper = "arXiv:1912.07942")]
public sealed class DifferentialScore : IDisposable
{
    private readonly int _batchTokens;
    private readonly SequenceScorer _parent;
    private readonly SequenceScorer _child;
    private readonly List<double[]> _differences = [];
    private readonly List<(int Parent, int Child)> _filled = [];

    /// <summary>A scorer of two models.</summary>
    /// <param name="parent">The model before the update; it must outlive the scorer.</param>
    /// <param name="child">The model after it, likewise.</param>
    /// <param name="batchTokens">Tokens of a packed batch: costs memory, changes no result.</param>
    public DifferentialScore(LanguageModel parent, LanguageModel child, int batchTokens = PackedScorer.DefaultBatchTokens)
    {
        _batchTokens = batchTokens;
        _parent = new SequenceScorer(parent, batchTokens, (sequence, nats) => _filled[sequence] = _filled[sequence] with { Parent = Add(sequence, _filled[sequence].Parent, nats, -1) });
        _child = new SequenceScorer(child, batchTokens, (sequence, nats) => _filled[sequence] = _filled[sequence] with { Child = Add(sequence, _filled[sequence].Child, nats, 1) });
    }

    /// <summary>The differential score of each sequence.</summary>
    /// <param name="sequences">The sequences; the first token of each is given.</param>
    /// <param name="cancellationToken">Ends it between two sequences.</param>
    /// <exception cref="CoppiceException">A token is outside a model's vocabulary, or a model's numbers are not finite.</exception>
    public IReadOnlyList<double> Score(IEnumerable<TokenSequence> sequences, CancellationToken cancellationToken = default) =>
        [.. Differences(sequences, cancellationToken).Select(entry => Sum(entry.Differences))];

    /// <summary>The windows of a text that the update made more probable by most: what it reveals.</summary>
    /// <param name="sequences">The text of the update.</param>
    /// <param name="tokenizer">The models' tokenizer.</param>
    /// <param name="windowTokens">Tokens of a window; windows lie side by side, and the last one of a document may be shorter.</param>
    /// <param name="count">How many windows.</param>
    /// <param name="cancellationToken">Ends it between two sequences.</param>
    /// <returns>The highest scores first; of windows with the same text the highest one.</returns>
    /// <exception cref="CoppiceException">A token is outside a model's vocabulary, or a model's numbers are not finite.</exception>
    public IReadOnlyList<RevealedSnippet> Top(
        IEnumerable<TokenSequence> sequences, ITokenizer tokenizer, int windowTokens = 32, int count = 20, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(windowTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var top = new List<RevealedSnippet>();
        foreach (var (sequence, differences) in Differences(sequences, cancellationToken))
        {
            for (var start = 0; start < differences.Length; start += windowTokens)
            {
                var length = Math.Min(windowTokens, differences.Length - start);
                var score = Sum(differences.AsSpan(start, length));
                if (top.Count == count && score <= top[^1].Score) continue;
                Insert(top, new RevealedSnippet(sequence.Source, tokenizer.Decode(sequence.Tokens.Span.Slice(start + 1, length)), length, score));
                if (top.Count > count) top.RemoveAt(count);
            }
        }

        return top;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parent.Dispose();
        _child.Dispose();
    }

    private static double Sum(ReadOnlySpan<double> differences)
    {
        var sum = 0.0;
        foreach (var difference in differences) sum += difference;
        return sum;
    }

    private static void Insert(List<RevealedSnippet> top, RevealedSnippet snippet)
    {
        var same = top.FindIndex(other => other.Text == snippet.Text);
        if (same >= 0 && top[same].Score >= snippet.Score) return;
        if (same >= 0) top.RemoveAt(same);
        var place = top.FindIndex(other => other.Score < snippet.Score);
        top.Insert(place < 0 ? top.Count : place, snippet);
    }

    private IEnumerable<(TokenSequence Sequence, double[] Differences)> Differences(IEnumerable<TokenSequence> sequences, CancellationToken cancellationToken)
    {
        Clear();
        var batch = new List<TokenSequence>();
        var tokens = 0;
        foreach (var sequence in sequences)
        {
            cancellationToken.ThrowIfCancellationRequested();
            batch.Add(sequence);
            _differences.Add(new double[sequence.Predicted]);
            _filled.Add((0, 0));
            _parent.Add(batch.Count - 1, sequence.Tokens.Span);
            _child.Add(batch.Count - 1, sequence.Tokens.Span);
            tokens += sequence.Predicted;
            if (tokens < _batchTokens) continue;
            foreach (var entry in Finish()) yield return entry;
            tokens = 0;
        }

        foreach (var entry in Finish()) yield return entry;

        List<(TokenSequence, double[])> Finish()
        {
            _parent.Flush();
            _child.Flush();
            List<(TokenSequence, double[])> finished = [.. batch.Zip(_differences)];
            batch.Clear();
            Clear();
            return finished;
        }
    }

    private void Clear()
    {
        _parent.Clear();
        _child.Clear();
        _differences.Clear();
        _filled.Clear();
    }

    // The windows of a sequence come in order: how much of it is filled says where the next one lies.
    private int Add(int sequence, int filled, ReadOnlySpan<float> nats, int sign)
    {
        for (var i = 0; i < nats.Length; i++) _differences[sequence][filled + i] += sign * Math.Exp(-nats[i]);
        return filled + nats.Length;
    }
}
