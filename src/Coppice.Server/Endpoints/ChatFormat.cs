using System.Text;
using Coppice.Inference;
using Coppice.Tokenizers;

namespace Coppice.Server;

/// <summary>Answers of <c>/v1/chat/completions</c>.</summary>
/// <param name="model">The model's name.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="texts">How many texts there are.</param>
internal sealed class ChatFormat(string model, Tokenizer tokenizer, int texts) : IAnswerFormat
{
    private readonly string _id = $"chatcmpl-{Guid.NewGuid():N}";
    private readonly long _created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    // A turn begins with the space that parts it from the speaker's name: it is no part of what is said.
    private readonly bool[] _begun = new bool[texts];

    /// <inheritdoc/>
    public object Whole(IReadOnlyList<GenerationResult> results, object usage) => new
    {
        id = _id, @object = "chat.completion", created = _created, model,
        choices = results.Select((result, index) => new
        {
            index,
            message = new { role = "assistant", content = Said(index, result.Text), refusal = (string?)null },
            logprobs = LogProbabilities(result.LogProbabilities),
            finish_reason = FinishReasons.Name(result.FinishReason),
        }).ToArray(),
        usage,
    };

    /// <inheritdoc/>
    public object? First(int choice) => Chunk(choice, new { role = "assistant", content = "" });

    /// <inheritdoc/>
    public object Piece(int choice, GeneratedPiece piece) => Chunk(choice, new { content = Said(choice, piece.Text) }, LogProbabilities(piece.LogProbabilities));

    /// <inheritdoc/>
    public object Last(int choice, FinishReason reason) => Chunk(choice, new { }, reason: reason);

    /// <inheritdoc/>
    public object Usage(object usage) => new { id = _id, @object = "chat.completion.chunk", created = _created, model, choices = Array.Empty<object>(), usage };

    private object Chunk(int index, object delta, object? logProbabilities = null, FinishReason? reason = null) => new
    {
        id = _id, @object = "chat.completion.chunk", created = _created, model,
        choices = new[] { new { index, delta, logprobs = logProbabilities, finish_reason = FinishReasons.Name(reason) } },
    };

    private string Said(int choice, string text)
    {
        if (!_begun[choice]) text = text.TrimStart();
        _begun[choice] |= text.Length > 0;
        return text;
    }

    private object? LogProbabilities(IReadOnlyList<TokenLogProbabilities> probabilities) => probabilities.Count == 0 ? null : new
    {
        content = probabilities.Select(probable => new
        {
            token = Text(probable.Token), logprob = probable.LogProbability, bytes = Bytes(probable.Token),
            top_logprobs = probable.Top.Select(top => new { token = Text(top.Token), logprob = top.LogProbability, bytes = Bytes(top.Token) }).ToArray(),
        }).ToArray(),
        refusal = (string?)null,
    };

    private string Text(int token) => tokenizer.Decode([token], skipSpecialTokens: false);

    /// <summary>The bytes of a token; null for a part of a character, which has no text of its own.</summary>
    private int[]? Bytes(int token)
    {
        var text = Text(token);
        return text.Contains('\uFFFD', StringComparison.Ordinal) ? null : [.. Encoding.UTF8.GetBytes(text).Select(value => (int)value)];
    }
}
