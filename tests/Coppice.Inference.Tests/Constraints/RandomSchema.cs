using System.Text.Json.Nodes;
using Coppice.Tensors;

namespace Coppice.Inference.Tests;

/// <summary>A schema made at random, of every kind of keyword that is supported.</summary>
internal sealed class RandomSchema
{
    private static readonly string[] Names = ["name", "é\"x", "age", "a", "tags", "日", "is it", "value"];

    private readonly Philox _random;
    private ulong _number;

    private RandomSchema(ulong seed) => _random = new Philox(seed, 12);

    public static string Of(ulong seed)
    {
        var made = new RandomSchema(seed);
        var schema = made.Part(3);
        // A part that refers to itself, and may always come to an end.
        schema["$defs"] = new JsonObject { ["node"] = new JsonObject { ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "null" }, new JsonObject { ["type"] = "array", ["maxItems"] = 2, ["items"] = new JsonObject { ["$ref"] = "#/$defs/node" } }) } };
        return schema.ToJsonString();
    }

    private int Choose(int count) => _random.Integer(_number++, count);

    private JsonObject Part(int depth) => Choose(depth == 0 ? 8 : 12) switch
    {
        0 => new JsonObject { ["type"] = "string", ["maxLength"] = Choose(12) },
        1 => Integer(),
        2 => new JsonObject { ["type"] = "number" },
        3 => new JsonObject { ["type"] = new JsonArray("boolean", "null") },
        4 => new JsonObject { ["enum"] = new JsonArray("red", "gr\"ün", 3, true, new JsonObject { ["a"] = 1 }) },
        5 => new JsonObject { ["type"] = "string", ["pattern"] = new[] { "^[a-z]{2,5}$", "^(x|[\"\\\\é])+\\d$", "^a.?b" }[Choose(3)] },
        6 => new JsonObject { ["$ref"] = "#/$defs/node" },
        7 => new JsonObject { ["type"] = "string", ["format"] = new[] { "date", "time", "uuid", "ipv4" }[Choose(4)] },
        8 => new JsonObject { ["anyOf"] = new JsonArray(Part(depth - 1), Part(depth - 1)) },
        9 => Array(depth),
        _ => Object(depth),
    };

    private JsonObject Integer()
    {
        var schema = new JsonObject { ["type"] = "integer" };
        var least = Choose(2000) - 1000;
        if (Choose(2) == 0) schema["minimum"] = least;
        if (Choose(2) == 0) schema["maximum"] = least + Choose(3000);
        return schema;
    }

    private JsonObject Array(int depth)
    {
        var schema = new JsonObject { ["type"] = "array", ["maxItems"] = 2 + Choose(3) };
        if (Choose(2) == 0) schema["items"] = Part(depth - 1);
        else schema["prefixItems"] = new JsonArray(Part(depth - 1), Part(depth - 1));
        if (Choose(2) == 0) schema["minItems"] = Choose(3);
        return schema;
    }

    private JsonObject Object(int depth)
    {
        var (properties, required) = (new JsonObject(), new JsonArray());
        foreach (var name in Names.Where(_ => Choose(3) == 0))
        {
            properties[name] = Part(depth - 1);
            if (Choose(2) == 0) required.Add(name);
        }

        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties, ["required"] = required };
        if (Choose(2) == 0) schema["additionalProperties"] = Choose(2) == 0 ? JsonValue.Create(false) : Part(0);
        return schema;
    }
}
