using System.Text.Json;
using System.Text.RegularExpressions;

namespace Coppice.Server.Tests;

public sealed class ConstraintTests
{
    private static readonly object Schema = new
    {
        type = "object",
        properties = new { name = new { type = "string", maxLength = 8 }, age = new { type = "integer", minimum = 0, maximum = 150 }, tags = new { type = "array", items = new { @enum = new[] { "a", "b" } }, maxItems = 3 } },
        required = new[] { "name", "age" },
    };

    [Fact]
    public async Task A_conversation_answers_with_the_json_that_was_asked_for()
    {
        await using var served = await ServedTinyModel.StartAsync();
        for (var seed = 0; seed < 10; seed++)
        {
            var answer = await served.JsonAsync("v1/chat/completions", new
            {
                messages = new[] { new { role = "user", content = "who" } }, seed, max_tokens = 300,
                response_format = new { type = "json_schema", json_schema = new { name = "person", strict = true, schema = Schema } },
            });
            var choice = answer.GetProperty("choices")[0];
            // The model never ends a text of itself: the constraint does.
            Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
            var person = JsonSerializer.Deserialize<JsonElement>(choice.GetProperty("message").GetProperty("content").GetString()!);
            Assert.InRange(person.GetProperty("age").GetInt32(), 0, 150);
            Assert.InRange(person.GetProperty("name").GetString()!.Length, 0, 8);
        }
    }

    [Fact]
    public async Task Streams_and_several_texts_keep_to_it_too()
    {
        await using var served = await ServedTinyModel.StartAsync();
        var events = await served.EventsAsync("v1/completions", new { prompt = "x", stream = true, seed = 1, max_tokens = 100, regex = "(yes|no), [a-f]{3,9}!" });
        var text = string.Concat(events.Select(item => item.GetProperty("choices")[0].GetProperty("text").GetString()));
        Assert.Matches(new Regex("^(yes|no), [a-f]{3,9}!$"), text);

        var answer = await served.JsonAsync("v1/completions", new { prompt = new[] { "x", "y" }, n = 3, seed = 1, temperature = 2, max_tokens = 400, grammar = "root ::= [0-9] (\" + \" root | \".\")" });
        Assert.Equal(6, answer.GetProperty("choices").GetArrayLength());
        Assert.All(answer.GetProperty("choices").EnumerateArray(), choice => Assert.Matches(new Regex("^[0-9]( \\+ [0-9])*\\.$"), choice.GetProperty("text").GetString()!));
    }

    [Fact]
    public async Task Any_object_is_an_object_as_far_as_it_goes()
    {
        await using var served = await ServedTinyModel.StartAsync();
        var answer = await served.JsonAsync("v1/chat/completions", new { messages = new[] { new { role = "user", content = "who" } }, seed = 1, max_tokens = 50, response_format = new { type = "json_object" } });
        Assert.StartsWith("{", answer.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!, StringComparison.Ordinal);
    }
}
