using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Inference;

/// <summary>
/// What a model keeps of a text that has no end: its first tokens, into which attention that has nowhere else to go sinks, and its last ones. The others
/// are forgotten, and positions are places among the kept, so a text of any length takes the same memory and the positions of a short one.
/// </summary>
/// <remarks>
/// Of a token that is forgotten its keys and values are: those that stay were computed while it was there. A text of at most <see cref="Tokens"/> tokens is
/// read as without a window. A prompt that is longer is read in pieces: within a piece a token sees at least three quarters of the window.
/// </remarks>
/// <param name="Tokens">The most tokens that are kept, the first ones included; at most the model's positions.</param>
/// <param name="Sinks">How many of the first tokens stay for good.</param>
[Technique("attention-sinks", Title = "Efficient Streaming Language Models with Attention Sinks", Paper = "arXiv:2309.17453")]
public sealed record AttentionWindow(int Tokens, int Sinks = AttentionWindow.DefaultSinks)
{
    /// <summary>As many first tokens as a model needs that was trained without a token to sink into.</summary>
    public const int DefaultSinks = 4;

    /// <summary>The most tokens that are read at a time once the window is full.</summary>
    internal int Piece => Math.Max(1, (Tokens - Sinks) / 4);

    /// <summary>The tokens that a cache has room for: some more than are kept, so that not all of them move whenever one is forgotten.</summary>
    internal int Capacity => Tokens + Math.Max(Piece, Tokens / 4);

    /// <summary>Refuses a window that a model can't have.</summary>
    /// <param name="model">The model.</param>
    /// <exception cref="CoppiceException">The numbers mean nothing, or the model is an encoder.</exception>
    internal void Check(LanguageModel model)
    {
        // Keys that are turned as they are read have the positions of short texts.
        var positions = Math.Min(model.MaxTokens, model.Configuration.ShortPositions);
        if (Tokens < 1 || Tokens > positions) throw CoppiceException.Usage($"window is {Tokens}; 1 to the model's {positions} positions is expected");
        if (Sinks < 0 || Sinks >= Tokens) throw CoppiceException.Usage($"sinks is {Sinks}; 0 to {Tokens - 1} is expected, fewer than the window has tokens");
        model.RequireCausal("continue a text");
    }
}
