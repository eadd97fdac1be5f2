using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Inference;

/// <summary>A conversation as the template that came with a model writes it.</summary>
/// <param name="template">The template.</param>
/// <param name="tokenizer">The model's tokenizer.</param>
internal sealed class ModelChatTemplate(ChatTemplate template, Tokenizer tokenizer) : IChatTemplate
{
    /// <inheritdoc/>
    public IReadOnlyList<string> StopStrings => [];

    /// <inheritdoc/>
    public IReadOnlyList<int> EndTokens { get; } = template.EndOfText is { } token && tokenizer.TokenToId(token) is { } id ? [id] : [];

    /// <inheritdoc/>
    public int[] Encode(IReadOnlyList<ChatMessage> messages) => template.Encode(tokenizer, messages);
}
