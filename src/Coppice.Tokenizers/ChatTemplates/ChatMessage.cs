namespace Coppice.Tokenizers.ChatTemplates;

/// <summary>A message of a conversation.</summary>
/// <param name="Role">Who speaks: system, user or assistant. Templates write it as it is, so that it must not come from whoever writes the content.</param>
/// <param name="Content">What they say.</param>
public sealed record ChatMessage(string Role, string Content);
