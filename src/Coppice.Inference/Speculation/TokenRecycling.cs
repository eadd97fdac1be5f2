using Coppice.Foundation;

namespace Coppice.Inference;

/// <summary>
/// Proposes for each token the one that was most probable after it when the model last read it anywhere, in rejected proposals too, and so on from there. What
/// it has learnt stays from text to text.
/// </summary>
/// <remarks>
/// The paper keeps the eight most probable tokens and verifies a tree of them. Here a pass reads sequences and no trees, so the proposal is the tree's first
/// branch.
/// </remarks>
[Technique("token-recycling", Title = "Turning Trash into Treasure: Accelerating Inference of Large Language Models with Token Recycling", Paper = "arXiv:2408.08696")]
public sealed class TokenRecycling : IDraftSource
{
    private readonly Dictionary<int, int> _followers = [];
    private int _last;

    /// <inheritdoc/>
    public void Begin(ReadOnlySpan<int> prompt, GenerationOptions options) => _last = prompt[^1];

    /// <inheritdoc/>
    public void Accept(int token) => _last = token;

    /// <inheritdoc/>
    public void Observe(int token, ReadOnlySpan<float> logits) => _followers[token] = TokenSampler.MostProbable(logits);

    /// <inheritdoc/>
    public int Propose(Span<int> draft)
    {
        var token = _last;
        for (var i = 0; i < draft.Length; i++)
        {
            if (!_followers.TryGetValue(token, out token)) return i;
            draft[i] = token;
        }

        return draft.Length;
    }
}
