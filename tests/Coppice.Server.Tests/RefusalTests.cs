using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Coppice.Foundation;
using Coppice.Inference;

namespace Coppice.Server.Tests;

public sealed class RefusalTests
{
    public static TheoryData<string, string, int, string> Bad => new()
    {
        { "v1/completions", "{", 400, "malformed_json" },
        { "v1/completions", "", 400, "malformed_json" },
        { "v1/completions", "[1, 2]", 400, "malformed_json" },
        { "v1/completions", """{"prompt": "\ud800"}""", 400, "malformed_json" },
        { "v1/completions", """{"\udc00": 1}""", 400, "malformed_json" },
        { "v1/completions", """{"logit_bias": {"\udc00": 1}}""", 400, "malformed_json" },
        { "v1/completions", new string('[', 100), 400, "malformed_json" },
        { "v1/completions", """{"model": "other", "prompt": "a"}""", 404, "model_not_found" },
        { "v1/completions", """{"model": 7, "prompt": "a"}""", 400, "invalid_value" },
        { "v1/completions", """{"prompt": 7}""", 400, "invalid_value" },
        { "v1/completions", """{"prompt": []}""", 400, "invalid_value" },
        { "v1/completions", """{"prompt": [1, "a"]}""", 400, "invalid_value" },
        { "v1/completions", """{"prompt": [-1]}""", 400, "invalid_value" },
        { "v1/completions", """{"prompt": [1000000]}""", 400, "invalid_value" },
        { "v1/completions", """{"prompt": [1e99]}""", 400, "invalid_value" },
        { "v1/completions", """{"max_tokens": 0}""", 400, "invalid_value" },
        { "v1/completions", """{"max_tokens": 1e9}""", 400, "invalid_value" },
        { "v1/completions", """{"max_tokens": 99999999999999999999}""", 400, "invalid_value" },
        { "v1/completions", """{"max_tokens": "many"}""", 400, "invalid_value" },
        { "v1/completions", """{"temperature": -1}""", 400, "invalid_value" },
        { "v1/completions", """{"temperature": 1e400}""", 400, "invalid_value" },
        { "v1/completions", """{"temperature": 3}""", 400, "invalid_value" },
        { "v1/completions", """{"top_p": 0}""", 400, "invalid_value" },
        { "v1/completions", """{"n": 1000}""", 400, "invalid_value" },
        { "v1/completions", """{"prompt": ["a", "b", "c", "d", "e"], "n": 16}""", 400, "invalid_value" },
        { "v1/completions", """{"stop": ""}""", 400, "invalid_value" },
        { "v1/completions", """{"stop": [1]}""", 400, "invalid_value" },
        { "v1/completions", """{"logit_bias": {"a": 1}}""", 400, "invalid_value" },
        { "v1/completions", """{"logit_bias": {"1": 1000}}""", 400, "invalid_value" },
        { "v1/completions", """{"logit_bias": {"100000": 1}}""", 400, "invalid_value" },
        { "v1/completions", """{"logprobs": 21}""", 400, "invalid_value" },
        { "v1/completions", """{"stream": "yes"}""", 400, "invalid_value" },
        { "v1/completions", """{"echo": true}""", 400, "unsupported_parameter" },
        { "v1/completions", """{"temprature": 1}""", 400, "unknown_parameter" },
        { "v1/chat/completions", """{}""", 400, "invalid_value" },
        { "v1/chat/completions", """{"messages": []}""", 400, "invalid_value" },
        { "v1/chat/completions", """{"messages": ["hi"]}""", 400, "invalid_value" },
        { "v1/chat/completions", """{"messages": [{"role": "cook", "content": "hi"}]}""", 400, "invalid_value" },
        { "v1/chat/completions", """{"messages": [{"role": "user"}]}""", 400, "invalid_value" },
        { "v1/chat/completions", """{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}""", 400, "invalid_value" },
        { "v1/chat/completions", """{"messages": [{"role": "user", "content": "hi"}], "top_logprobs": 2}""", 400, "invalid_value" },
        { "v1/chat/completions", """{"messages": [{"role": "user", "content": "hi"}], "response_format": {"type": "xml"}}""", 400, "invalid_value" },
        { "v1/completions", """{"response_format": "json_object"}""", 400, "invalid_value" },
        { "v1/completions", """{"response_format": {"type": "json_schema", "json_schema": {"name": "a"}}}""", 400, "invalid_value" },
        { "v1/completions", """{"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "list"}}}}""", 400, "invalid_value" },
        { "v1/completions", """{"response_format": {"type": "json_object"}, "regex": "a"}""", 400, "invalid_value" },
        { "v1/completions", """{"regex": "("}""", 400, "invalid_value" },
        { "v1/completions", """{"regex": "(((a{1000}){1000}){1000})"}""", 400, "invalid_value" },
        { "v1/completions", """{"grammar": "root ::= root"}""", 400, "invalid_value" },
        { "v1/completions", """{"regex": "é"}""", 400, "invalid_value" },
        { "v1/chat/completions", """{"messages": [{"role": "user", "content": "hi"}], "tools": [{}]}""", 400, "unsupported_parameter" },
        { "v1/embeddings", """{}""", 400, "invalid_value" },
        { "v1/embeddings", """{"input": "a", "encoding_format": "xml"}""", 400, "invalid_value" },
        { "v1/embeddings", """{"input": "a", "dimensions": 3}""", 400, "invalid_value" },
        { "v1/other", """{}""", 404, "unknown_url" },
        { "v1/models", """{}""", 405, "unknown_url" },
    };

    [Fact]
    public async Task What_is_wrong_with_a_request_is_said_with_the_right_status()
    {
        await using var served = await ServedTinyModel.StartAsync();
        foreach (var row in Bad)
        {
            var (path, body, status, code) = ((string)row[0], (string)row[1], (int)row[2], (string)row[3]);
            using var response = await served.Client.PostAsync(new Uri(path, UriKind.Relative), new StringContent(body, Encoding.UTF8, "application/json"));
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(status == (int)response.StatusCode, $"{path} {body}: {(int)response.StatusCode} {text}");
            var error = JsonSerializer.Deserialize<JsonElement>(text).GetProperty("error");
            Assert.True(code == error.GetProperty("code").GetString(), $"{path} {body}: {text}");
            Assert.NotEmpty(error.GetProperty("message").GetString()!);
            Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        }

        using var notJson = await served.Client.PostAsync(new Uri("v1/completions", UriKind.Relative), new StringContent("{}"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, notJson.StatusCode);
        using var missing = await served.Client.GetAsync(new Uri("v1/models/other", UriKind.Relative));
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        // A prompt longer than the context, and one that fits it to the last token.
        using var tooLong = await served.PostAsync("v1/completions", new { prompt = new string('a', 513) });
        Assert.Equal(HttpStatusCode.BadRequest, tooLong.StatusCode);
        Assert.Equal(1, (await served.JsonAsync("v1/completions", new { prompt = new string('a', 512) })).GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(0, await served.MetricAsync("coppice_requests_running"));
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_refused_whether_it_says_so_or_not()
    {
        await using var served = await ServedTinyModel.StartAsync(options => options with { MaxBodyBytes = 1000 });
        using var announced = await served.PostAsync("v1/completions", new { prompt = new string('a', 2000) });
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, announced.StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/completions") { Content = new StringContent($$"""{"prompt": "{{new string('a', 2000)}}"}""", Encoding.UTF8, "application/json") };
        request.Headers.TransferEncodingChunked = true;
        using var chunked = await served.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, chunked.StatusCode);
        await served.JsonAsync("v1/completions", new { prompt = "a" });
    }

    [Fact]
    public async Task Keys_are_asked_for_where_there_are_some()
    {
        await using var served = await ServedTinyModel.StartAsync(changeWithFolder: (folder, options) => options with { ApiKeyFile = folder.Write("keys", "# two keys\nfirst key\n\nsecond\n") });
        foreach (var (key, status) in new[] { (null, 401), ("wrong", 401), ("# two keys", 401), ("", 401), ("second", 200), ("first key", 200) })
        {
            served.Client.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
            using var response = await served.PostAsync("v1/completions", new { prompt = "a", max_tokens = 1 });
            Assert.Equal(status, (int)response.StatusCode);
            using var models = await served.Client.GetAsync(new Uri("v1/models", UriKind.Relative));
            Assert.Equal(status, (int)models.StatusCode);
        }

        served.Client.DefaultRequestHeaders.Authorization = null;
        Assert.Equal(HttpStatusCode.OK, (await served.Client.GetAsync(new Uri("health", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await served.Client.GetAsync(new Uri("/", UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await served.Client.GetAsync(new Uri("metrics", UriKind.Relative))).StatusCode);
    }

    [Fact]
    public async Task A_full_queue_and_a_text_that_takes_too_long_are_said_as_such()
    {
        await using var served = await ServedTinyModel.StartAsync(
            options => options with { MaxTokens = 100_000, Timeout = TimeSpan.FromSeconds(1), Engine = new EngineOptions { MaxSequences = 1, MaxQueue = 1, ContextTokens = 200_000 } }, positions: 200_000);
        var endless = new { prompt = "a", max_tokens = 100_000 };
        var running = served.PostAsync("v1/completions", endless);
        await ServedTinyModel.UntilAsync(async () => await served.MetricAsync("coppice_requests_running") == 1);
        var waiting = served.PostAsync("v1/completions", endless);
        await ServedTinyModel.UntilAsync(async () => await served.MetricAsync("coppice_requests_waiting") == 1);
        using var refused = await served.PostAsync("v1/completions", endless);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter?.Delta);
        foreach (var task in new[] { running, waiting })
        {
            using var late = await task;
            Assert.Equal(HttpStatusCode.GatewayTimeout, late.StatusCode);
        }

        // In a stream the status was sent before: the error is an event, and the stream has no proper end.
        using var stream = await served.PostAsync("v1/completions", new { prompt = "a", max_tokens = 100_000, stream = true });
        var text = await stream.Content.ReadAsStringAsync();
        Assert.Contains("\"code\":\"timeout\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        await ServedTinyModel.UntilAsync(async () => await served.MetricAsync("coppice_requests_running") == 0);
    }

    [Fact]
    public async Task A_client_that_goes_takes_its_request_with_it()
    {
        await using var served = await ServedTinyModel.StartAsync(options => options with { MaxTokens = 100_000, Engine = new EngineOptions { ContextTokens = 200_000 } }, positions: 200_000);
        foreach (var stream in new[] { true, false })
        {
            using var client = new HttpClient { BaseAddress = served.Server.Address };
            using var gone = new CancellationTokenSource();
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/completions")
            {
                Content = new StringContent(JsonSerializer.Serialize(new { prompt = "a", max_tokens = 100_000, stream, n = 2 }), Encoding.UTF8, "application/json"),
            };
            var answer = client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, gone.Token);
            await ServedTinyModel.UntilAsync(async () => await served.MetricAsync("coppice_requests_running") == 2);
            if (stream) (await answer).Dispose();
            await gone.CancelAsync();
            await ServedTinyModel.UntilAsync(async () => await served.MetricAsync("coppice_requests_running") == 0);
        }

        Assert.Equal(4, await served.MetricAsync("coppice_requests_total{model=\"tiny\",end=\"cancelled\"}"));
    }

    [Fact]
    public async Task Clients_that_never_finish_a_request_hold_up_nobody()
    {
        await using var served = await ServedTinyModel.StartAsync();
        var sockets = new List<TcpClient>();
        foreach (var beginning in new[] { "", "POST /v1/comp", "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"prompt\"", "\0\0\0\0\r\n\r\n" })
        {
            for (var i = 0; i < 10; i++)
            {
                var socket = new TcpClient();
                await socket.ConnectAsync(IPAddress.Loopback, served.Server.Address.Port);
                await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(beginning));
                sockets.Add(socket);
            }
        }

        for (var i = 0; i < 3; i++) await served.JsonAsync("v1/completions", new { prompt = "a" });
        foreach (var socket in sockets.Take(20)) socket.Close();
        await served.JsonAsync("v1/completions", new { prompt = "a" });
        foreach (var socket in sockets) socket.Dispose();
    }

    [Fact]
    public async Task A_name_of_another_site_is_not_answered_to_on_loopback()
    {
        await using var served = await ServedTinyModel.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "v1/models");
        request.Headers.Host = "evil.example";
        using var response = await served.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task What_can_not_be_served_is_one_line_for_the_user()
    {
        await using var served = await ServedTinyModel.StartAsync();
        var good = new ServerOptions { Models = [served.Directory], Port = 0 };
        foreach (var (bad, part) in new[]
        {
            (good with { Models = [] }, "name a model"), (good with { Models = [served.Directory, served.Directory] }, "already"), (good with { Models = [served.Folder.At("none")] }, "model directory"),
            (good with { Host = "example.org" }, "IP address"), (good with { Port = served.Server.Address.Port }, "listened"), (good with { Port = 70_000 }, "port"),
            (good with { ApiKeyFile = served.Folder.At("none") }, "can't be read"), (good with { ApiKeyFile = served.Folder.Write("empty", "# none\n") }, "no key"),
            (good with { MaxTokens = 0 }, "limits"),
        })
        {
            Assert.Contains(part, (await Assert.ThrowsAsync<CoppiceException>(() => InferenceServer.StartAsync(bad))).Message, StringComparison.Ordinal);
        }
    }
}
