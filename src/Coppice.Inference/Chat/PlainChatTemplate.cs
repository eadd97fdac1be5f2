using System.Text;
using Coppice.Tokenizers;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Inference;

/// <summary>
/// A conversation as a plain dialogue, for models that were trained on text and not on conversations: what the system says, then a paragraph for each
/// turn with the speaker's name before it.
/// </summary>
/// <param name="tokenizer">The model's tokenizer.</param>
internal sealed class PlainChatTemplate(Tokenizer tokenizer) : IChatTemplate
{
    /// <inheritdoc/>
    public IReadOnlyList<string> StopStrings { get; } = ["\n\nUser:", "\n\nAssistant:"];

    /// <inheritdoc/>
    public IReadOnlyList<int> EndTokens => [];

    /// <inheritdoc/>
    public int[] Encode(IReadOnlyList<ChatMessage> messages)
    {
        var text = new StringBuilder();
        foreach (var message in messages)
        {
            var name = message.Role switch { "user" => "User: ", "assistant" => "Assistant: ", _ => "" };
            text.Append(name).Append(message.Content.Trim()).Append("\n\n");
        }

        return TextBoundaries.Begin(tokenizer, text.Append("Assistant:").ToString());
    }
}
