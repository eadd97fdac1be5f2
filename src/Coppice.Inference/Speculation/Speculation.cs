using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Inference;

/// <summary>How far ahead a generation guesses, and what came of it. One object serves one generator.</summary>
/// <remarks>
/// A proposed token is kept where it is the one that is drawn there from the model's logits, with the random number of its place: a text is the one that it
/// would be without proposals. With up to <see cref="ExactTokens"/> proposals a pass that holds to the last bit on processors with AVX-512 and on Arm, where as
/// many rows are computed as one is. Otherwise kernels sum in another order, and a token can differ where two are so close that the last bits decide.
/// </remarks>
public sealed class Speculation
{
    /// <summary>The most proposals that a pass computes to the same bits as tokens one at a time, on processors with AVX-512 and on Arm.</summary>
    public const int ExactTokens = 2;

    /// <summary>The most that can be asked for.</summary>
    public const int MostTokens = 64;

    // After so many passes without one, proposals are tried again.
    private const int LongestRest = 32;

    private readonly IDraftSource _source;
    private readonly int[] _pass;
    private readonly int[] _parents;
    private int _count;
    private int _length;
    private int _failures;
    private int _rest;

    /// <summary>A way to guess.</summary>
    /// <param name="source">Proposes tokens.</param>
    /// <param name="mostTokens">The most tokens that are proposed at a time.</param>
    /// <exception cref="CoppiceException"><paramref name="mostTokens"/> is out of its range.</exception>
    public Speculation(IDraftSource source, int mostTokens = ExactTokens)
    {
        if (mostTokens is < 1 or > MostTokens) throw CoppiceException.Usage($"draft tokens: {mostTokens}; 1 to {MostTokens} are expected");
        _source = source;
        _pass = new int[1 + mostTokens];
        _parents = new int[1 + mostTokens];
        _parents[0] = -1;
    }

    /// <summary>Passes through the model after that of the prompt.</summary>
    public long Passes { get; private set; }

    /// <summary>Tokens that were proposed.</summary>
    public long Proposed { get; private set; }

    /// <summary>Those of them that came true.</summary>
    public long Accepted { get; private set; }

    /// <summary>Begins a text.</summary>
    /// <param name="prompt">Its prompt.</param>
    /// <param name="options">How it is continued.</param>
    internal void Begin(ReadOnlySpan<int> prompt, GenerationOptions options)
    {
        _source.Begin(prompt, options);
        (_length, _failures, _rest) = (_source.Branches ? MostTokens : ExactTokens, 0, 0);
    }

    /// <summary>Learns how many tokens were drawn after a pass: proposals that came true, and one in place of the next.</summary>
    /// <param name="drawn">How many that are.</param>
    /// <param name="proposed">How many were proposed.</param>
    internal void Count(int drawn, int proposed)
    {
        if (proposed == 0) return;
        Accepted += drawn - 1;
        // Where all came true, more would have; where none does time after time, computing them is in vain.
        if (!_source.Branches) _length = drawn > proposed ? Math.Min(2 * _length, MostTokens) : ExactTokens;
        _failures = drawn > 1 ? 0 : Math.Min(_failures + 1, 7);
        _rest = Math.Min((1 << _failures) / 4, LongestRest);
    }

    /// <summary>Learns the next token of the text.</summary>
    /// <param name="token">The token.</param>
    internal void Accept(int token) => _source.Accept(token);

    /// <summary>Which token of the last pass each of them follows: -1 for the first one.</summary>
    internal ReadOnlySpan<int> Parents => _parents.AsSpan(0, _count);

    /// <summary>The next pass: the last token and proposals of what follows.</summary>
    /// <param name="last">The last token.</param>
    /// <param name="room">The most proposals that are of use.</param>
    internal ReadOnlySpan<int> Next(int last, int room)
    {
        _pass[0] = last;
        var most = Math.Min(room, Math.Min(_length, _pass.Length - 1));
        var proposed = most > 0 && _rest-- <= 0 ? Propose(_pass.AsSpan(1, most), _parents.AsSpan(1, most)) : 0;
        _count = 1 + proposed;
        Passes++;
        Proposed += proposed;
        return _pass.AsSpan(0, _count);
    }

    /// <summary>What comes next, each with its place in the pass of the one that it follows: the last token is the first of the pass.</summary>
    private int Propose(Span<int> draft, Span<int> parents)
    {
        if (!_source.Branches)
        {
            for (var i = 0; i < parents.Length; i++) parents[i] = i;
            return _source.Propose(draft);
        }

        var most = Math.Min(draft.Length, AttentionLayout.MostTreeQueries - 1);
        var count = _source.Propose(draft[..most], parents[..most]);
        for (var i = 0; i < count; i++) parents[i]++;
        return count;
    }

    /// <summary>Shows what the model expects after each token of a pass.</summary>
    /// <param name="pass">The tokens.</param>
    /// <param name="logits">[tokens, vocabulary].</param>
    internal void Observe(ReadOnlySpan<int> pass, ReadOnlySpan<float> logits)
    {
        var vocabulary = logits.Length / pass.Length;
        for (var row = 0; row < pass.Length; row++) _source.Observe(pass[row], logits.Slice(row * vocabulary, vocabulary));
    }
}
