using System.Text.Json;
using Coppice.Tokenizers.Decoders;
using Coppice.Tokenizers.Models;
using Coppice.Tokenizers.Normalizers;
using Coppice.Tokenizers.PostProcessors;
using Coppice.Tokenizers.PreTokenizers;

namespace Coppice.Tokenizers;

/// <summary>What a tokenizer is made of, as <c>tokenizer.json</c> lists it.</summary>
internal sealed record TokenizerParts
{
    public TokenModel Model { get; init; } = null!;

    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    public Normalizer? Normalizer { get; init; }

    public PreTokenizer? PreTokenizer { get; init; }

    public PostProcessor? PostProcessor { get; init; }

    public Decoder? Decoder { get; init; }

    /// <summary>How batches were truncated; kept, not applied.</summary>
    public JsonElement? Truncation { get; init; }

    /// <summary>How batches were padded; kept, not applied.</summary>
    public JsonElement? Padding { get; init; }
}
