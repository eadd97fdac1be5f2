using System.Text.Json;
using Coppice.Foundation;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Adapters;

/// <summary>Which fields hold a conversation: either a list of messages, or a prompt and the response to it.</summary>
public sealed record ConversationFields
{
    /// <summary>The list of messages, each with <c>role</c> and <c>content</c>. A record that has it is read by it alone.</summary>
    public string Messages { get; init; } = "messages";

    /// <summary>The prompt.</summary>
    public string Prompt { get; init; } = "prompt";

    /// <summary>The response.</summary>
    public string Response { get; init; } = "response";
}

/// <summary>What a model learns to answer: messages of which those of the assistant are learned. A prompt with its response are two.</summary>
/// <param name="Messages">The messages.</param>
/// <param name="Where">File and line.</param>
public sealed record Conversation(IReadOnlyList<ChatMessage> Messages, string Where)
{
    /// <summary>The role of whose messages are learned.</summary>
    public const string Assistant = "assistant";

    /// <summary>The role of who asks.</summary>
    public const string User = "user";

    /// <summary>A prompt and its response.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="response">The response.</param>
    /// <param name="where">File and line.</param>
    public static Conversation Of(string prompt, string response, string where) => new([new ChatMessage(User, prompt), new ChatMessage(Assistant, response)], where);

    /// <summary>Reads conversations.</summary>
    /// <param name="path">The file; see <see cref="DataFile"/>. Lists of messages are in JSON lines alone.</param>
    /// <param name="fields">Which fields to read; null for <c>messages</c>, <c>prompt</c> and <c>response</c>.</param>
    /// <exception cref="CoppiceException">The file can't be read, a record has neither, a message has no role or content, or nothing is said by the assistant.</exception>
    public static IReadOnlyList<Conversation> Read(string path, ConversationFields? fields = null)
    {
        var names = fields ?? new ConversationFields();
        return [.. DataFile.Read(path).Select(record => record.List(names.Messages) is { } messages
            ? OfMessages(record, messages)
            : Of(record.Text(names.Prompt), record.Text(names.Response), record.Where))];
    }

    private static Conversation OfMessages(DataRecord record, IReadOnlyList<JsonElement> list)
    {
        var messages = new List<ChatMessage>();
        foreach (var message in list)
        {
            if (TextOf(message, "role") is not { Length: > 0 } role || TextOf(message, "content") is not { } content)
                throw record.Error(FormattableString.Invariant($"message {messages.Count + 1} is to have the texts 'role' and 'content'"));
            if (role == Assistant && content.Length == 0) throw record.Error(FormattableString.Invariant($"message {messages.Count + 1}, of the assistant, is empty"));
            messages.Add(new ChatMessage(role, content));
        }

        return messages.Any(message => message.Role == Assistant) ? new Conversation(messages, record.Where) : throw record.Error("no message is the assistant's: there is nothing to learn");

        string? TextOf(JsonElement message, string field)
        {
            try
            {
                return message.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
            }
            catch (InvalidOperationException error)
            {
                throw record.Error("has an escape that is no character", error);
            }
        }
    }
}
