using Coppice.Foundation;
using Coppice.Tokenizers.ChatTemplates;

namespace Coppice.Inference;

/// <summary>How a conversation becomes a prompt that a model continues with the assistant's next turn. Implementations are thread-safe.</summary>
public interface IChatTemplate
{
    /// <summary>The strings that end the assistant's turn, beside the end of the text.</summary>
    IReadOnlyList<string> StopStrings { get; }

    /// <summary>The tokens that end it, beside those that end every text of the model.</summary>
    IReadOnlyList<int> EndTokens { get; }

    /// <summary>The prompt's tokens, up to where the assistant's next turn begins.</summary>
    /// <param name="messages">The conversation, at least one message.</param>
    /// <exception cref="CoppiceException">The template refuses the conversation (a usage error), or fails.</exception>
    int[] Encode(IReadOnlyList<ChatMessage> messages);
}
