using System.Text;

namespace Coppice.Server;

/// <summary>
/// A conversation as a plain dialogue, for models that were trained on text and not on conversations: what the system says, then a paragraph for each
/// turn with the speaker's name before it.
/// </summary>
internal sealed class PlainChatTemplate : IChatTemplate
{
    /// <inheritdoc/>
    public IReadOnlyList<string> StopStrings { get; } = ["\n\nUser:", "\n\nAssistant:"];

    /// <inheritdoc/>
    public string Apply(IReadOnlyList<ChatMessage> messages)
    {
        var text = new StringBuilder();
        foreach (var message in messages)
        {
            var name = message.Role switch { "user" => "User: ", "assistant" => "Assistant: ", _ => "" };
            text.Append(name).Append(message.Content.Trim()).Append("\n\n");
        }

        return text.Append("Assistant:").ToString();
    }
}
