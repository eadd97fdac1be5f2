namespace Coppice.Server;

/// <summary>A message of a conversation.</summary>
/// <param name="Role">Who speaks: system, user or assistant.</param>
/// <param name="Content">What they say.</param>
internal sealed record ChatMessage(string Role, string Content);

/// <summary>How a conversation becomes a text that a model continues.</summary>
internal interface IChatTemplate
{
    /// <summary>The strings that end the assistant's turn, beside the end of the text.</summary>
    IReadOnlyList<string> StopStrings { get; }

    /// <summary>The text up to where the assistant's next turn begins.</summary>
    /// <param name="messages">The conversation, at least one message.</param>
    string Apply(IReadOnlyList<ChatMessage> messages);
}
