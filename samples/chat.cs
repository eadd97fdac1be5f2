// A conversation with a model of this machine:  dotnet run samples/chat.cs -- MODEL
#:project ../src/Coppice.Extensions.AI/Coppice.Extensions.AI.csproj
#:property PublishAot=false
using Coppice.Extensions.AI;
using Microsoft.Extensions.AI;

if (args is not [var model])
{
    Console.Error.WriteLine("One argument is expected: a model directory.");
    return;
}

using var client = CoppiceChatClient.Load(model);
var messages = new List<ChatMessage> { new(ChatRole.System, "You are a helpful assistant.") };
while (Ask() is { Length: > 0 } question)
{
    messages.Add(new ChatMessage(ChatRole.User, question));
    var updates = new List<ChatResponseUpdate>();
    await foreach (var update in client.GetStreamingResponseAsync(messages, new ChatOptions { MaxOutputTokens = 200 }))
    {
        updates.Add(update);
        Console.Write(update.Text);
    }

    messages.AddMessages(updates);
    Console.WriteLine();
}

static string? Ask()
{
    Console.Write("> ");
    return Console.ReadLine();
}
