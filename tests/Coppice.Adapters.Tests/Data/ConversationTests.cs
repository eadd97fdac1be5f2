using Coppice.Foundation;
using Coppice.Testing;

namespace Coppice.Adapters.Tests;

public sealed class ConversationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Messages_and_prompts_with_responses_are_both_conversations()
    {
        var path = _folder.Write("a.jsonl", """
            {"prompt": "2+2", "response": "4"}
            {"messages": [{"role": "system", "content": ""}, {"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}], "prompt": "unused"}
            """);
        var conversations = Conversation.Read(path);
        Assert.Equal([("user", "2+2"), ("assistant", "4")], conversations[0].Messages.Select(message => (message.Role, message.Content)));
        Assert.Equal(["system", "user", "assistant"], conversations[1].Messages.Select(message => message.Role));
        Assert.EndsWith("a.jsonl, line 2", conversations[1].Where, StringComparison.Ordinal);
        var csv = Conversation.Read(_folder.Write("a.csv", "question,answer\nwhy,so\n"), new ConversationFields { Prompt = "question", Response = "answer" });
        Assert.Equal("so", csv[0].Messages[1].Content);
    }

    [Theory]
    [InlineData("""{"messages": [{"role": "user", "content": "hi"}]}""", "line 1: no message is the assistant's")]
    [InlineData("""{"messages": []}""", "line 1: no message is the assistant's")]
    [InlineData("""{"messages": "hi"}""", "line 1: 'messages' is to be a list of objects")]
    [InlineData("""{"messages": [{"role": "user"}]}""", "line 1: message 1 is to have the texts 'role' and 'content'")]
    [InlineData("""{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}]}""", "line 1: message 2, of the assistant, is empty")]
    [InlineData("""{"prompt": "a"}""", "line 1: has no field 'response'")]
    [InlineData("""{"prompt": "a", "response": ""}""", "line 1: 'response' is empty")]
    public void A_conversation_that_teaches_nothing_is_refused_with_its_line(string line, string message)
    {
        var path = _folder.Write("a.jsonl", line);
        Assert.Contains(message, Assert.Throws<CoppiceException>(() => Conversation.Read(path)).Message, StringComparison.Ordinal);
    }
}
