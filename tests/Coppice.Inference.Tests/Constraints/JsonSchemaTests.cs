using System.Text.Json;
using Coppice.Foundation;

namespace Coppice.Inference.Tests;

public sealed class JsonSchemaTests
{
    public static TheoryData<string, string[], string[]> Schemas => new()
    {
        { "true", ["1", "null", "\"a\"", "[]", "{}", "{\"a\": [1,2, {}]}", "-1.5e-7", "true"], ["", "01", "{a}", "[1,]", "[1,  2]", "1.", "\"", "{\"a\" : 1}"] },
        { """{"type": "object"}""", ["{}", "{\"\":null}", "{\"a\": 1, \"b\":2}"], ["[]", "{} ", "{\"a\"}"] },
        { """{"type": "string"}""", ["\"\"", "\"é日🙂\"", "\"\\n\\u00e9\\\"\\\\\"", "\"\u007f\""], ["\"\n\"", "\"\\x\"", "\"\\ud800\"", "\"\\uDbff\"", "a"] },
        { """{"type": "string", "minLength": 2, "maxLength": 3}""", ["\"ab\"", "\"é\\n\"", "\"🙂\\u0041日\""], ["\"a\"", "\"abcd\"", "\"\""] },
        { """{"type": "string", "pattern": "^a\"[b-d]+$"}""", ["\"a\\\"bcd\""], ["\"a\"b\"", "\"a\\\"e\"", "\"xa\\\"b\""] },
        { """{"type": "string", "pattern": "b|^c"}""", ["\"b\"", "\"abc\"", "\"\\nbé\"", "\"c\\\\\""], ["\"ac\"", "\"\""] },
        { """{"type": "string", "format": "date"}""", ["\"2024-02-29\"", "\"1999-12-31\""], ["\"2024-02-30\"", "\"2024-04-31\"", "\"2024-13-01\"", "\"24-01-01\""] },
        { """{"type": "string", "format": "date-time"}""", ["\"2024-02-29T23:59:59Z\"", "\"1999-12-31T00:00:00.25+01:00\""], ["\"2024-02-29\"", "\"2024-02-29T24:00:00Z\""] },
        { """{"type": "string", "format": "ipv4"}""", ["\"0.0.0.0\"", "\"192.168.1.255\""], ["\"256.1.1.1\"", "\"01.1.1.1\"", "\"1.1.1\""] },
        { """{"type": "string", "format": "email"}""", ["\"a.b@c-d.org\""], ["\"a\"", "\"a@b\"", "\".a@b.c\""] },
        { """{"type": "integer"}""", ["0", "-1", "9999999999999999"], ["01", "-", "1.0", "12345678901234567", "1e3"] },
        { """{"type": "integer", "minimum": -12, "exclusiveMaximum": 305}""", ["-12", "-1", "0", "9", "10", "99", "100", "299", "304"], ["-13", "305", "310", "1000", "-0", "-100"] },
        { """{"type": "number", "minimum": 0}""", ["0", "0.5", "12e-3"], ["-1", "-0"] },
        { """{"type": ["boolean", "null"]}""", ["true", "false", "null"], ["0", "True"] },
        { """{"enum": ["a", 1, null, {"x": [true]}, "\u00e9\n"]}""", ["\"a\"", "1", "null", "{\"x\":[true]}", "\"é\\n\""], ["\"b\"", "2", "{}"] },
        { """{"const": "only", "type": "string"}""", ["\"only\""], ["\"other\""] },
        { """{"type": "integer", "enum": ["a", 1, 2.5]}""", ["1"], ["\"a\"", "2.5"] },
        { """{"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "null"}}]}""", ["7", "[null]", "[]"], ["\"a\"", "[1]"] },
        { """{"allOf": [{"$ref": "#/$defs/a~1b"}], "$defs": {"a/b": {"type": "null"}}}""", ["null"], ["1"] },
        { """{"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3}""", ["[1]", "[1, 2,3]"], ["[]", "[1,2,3,4]"] },
        { """{"type": "array", "minItems": 2}""", ["[1, {}]", "[1,2,3]"], ["[]", "[1]"] },
        { """{"type": "array", "maxItems": 0}""", ["[]"], ["[1]"] },
        { """{"type": "array", "prefixItems": [{"type": "integer"}, {"type": "null"}]}""", ["[1, null]"], ["[1]", "[]", "[1,null,2]"] },
        { """{"type": "array", "prefixItems": [{"type": "integer"}], "items": {"type": "null"}, "minItems": 2, "maxItems": 3}""", ["[1, null]", "[1,null,null]"], ["[1]", "[1,2]", "[1,null,null,null]"] },
        { """{"properties": {"a": {"type": "integer"}, "b": true}, "required": ["a", "b"]}""", ["{\"a\": 1, \"b\": [2]}"], ["{\"a\":1}", "{\"b\":1,\"a\":1}", "{}", "{\"a\":1,\"b\":1,\"c\":1}"] },
        { """{"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}, "c": {"type": "integer"}}, "required": ["b"]}""", ["{\"b\":1}", "{\"a\":1,\"b\":1}", "{\"b\":1,\"c\":1}", "{\"a\":1, \"b\":1, \"c\":1}"], ["{\"a\":1}", "{\"a\":1,\"c\":1}", "{,\"b\":1}"] },
        { """{"properties": {"a": {"type": "integer"}, "b": {"type": "integer"}, "c": {"type": "integer"}}}""", ["{}", "{\"a\":1}", "{\"b\":1}", "{\"c\":1}", "{\"a\":1,\"c\":1}", "{\"b\":1,\"c\":1}", "{\"a\":1,\"b\":1,\"c\":1}"], ["{\"c\":1,\"a\":1}", "{\"a\":1,}", "{\"a\":1,\"a\":1}"] },
        { """{"properties": {"ab": {"type": "integer"}}, "additionalProperties": {"type": "null"}}""", ["{}", "{\"ab\":1}", "{\"ab\":1,\"a\":null,\"abc\":null}", "{\"\":null}", "{\"b\":null}"], ["{\"ab\":null}", "{\"a\":null,\"ab\":1}", "{\"c\":1}", "{\"\\u0061b\":null}"] },
        { """{"type": "object", "additionalProperties": {"type": "integer"}}""", ["{}", "{\"x\": 1,\"y\":2}"], ["{\"x\":null}"] },
        { """{"type": "object", "additionalProperties": false}""", ["{}"], ["{\"x\":1}"] },
        { """{"properties": {"quote\"": {"type": "null"}}, "additionalProperties": true}""", ["{\"quote\\\"\":null}", "{\"x\":1}"], ["{\"quote\\\"\":1}"] },
        { """{"$ref": "#/definitions/tree", "definitions": {"tree": {"type": "object", "properties": {"of": {"type": "array", "items": {"$ref": "#/definitions/tree"}}}, "required": ["of"]}}}""", ["{\"of\":[]}", "{\"of\":[{\"of\":[]}, {\"of\":[{\"of\":[]}]}]}"], ["{}", "{\"of\":[1]}"] },
        { """{"anyOf": [{"type": "null"}, {"type": "array", "items": {"$ref": "#"}}]}""", ["null", "[null, [[null],[]]]"], ["[1]"] },
    };

    [Theory]
    [MemberData(nameof(Schemas))]
    public void It_accepts_values_that_the_schema_describes(string schema, string[] accepted, string[] rejected)
    {
        Following.AssertAccepts(TextConstraint.JsonSchema(schema), accepted, rejected);
        using var document = JsonDocument.Parse(schema);
        Assert.All(accepted, text => Assert.True(SchemaValidator.IsValid(document.RootElement, text), $"{text} is not what the schema describes"));
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("3", "an object, true or false")]
    [InlineData("false", "nothing is allowed")]
    [InlineData("""{"type": "strnig"}""", "did you mean 'string'")]
    [InlineData("""{"type": "object", "propertys": {}}""", "did you mean 'properties'")]
    [InlineData("""{"properties": {"a": {"oneOf": []}}}""", "#/properties/a: 'oneOf' is not supported")]
    [InlineData("""{"type": "object", "patternProperties": {}}""", "'patternProperties' is not supported")]
    [InlineData("""{"type": "string", "minimum": 3}""", "'minimum' is not supported")]
    [InlineData("""{"not": {}}""", "'not' is not supported")]
    [InlineData("""{"enum": []}""", "no value is allowed")]
    [InlineData("""{"type": "null", "enum": [1]}""", "no value is allowed")]
    [InlineData("""{"allOf": [{}, {}]}""", "more than one schema")]
    [InlineData("""{"anyOf": []}""", "no alternative")]
    [InlineData("""{"$ref": "other.json"}""", "begins with #/")]
    [InlineData("""{"$ref": "#/$defs/none"}""", "there is no '#/$defs/none'")]
    [InlineData("""{"$ref": "#"}""", "always needs itself")]
    [InlineData("""{"anyOf": [{"type": "null"}, {"$ref": "#"}]}""", "begins with itself")]
    [InlineData("""{"properties": {"a": {"$ref": "#"}}, "required": ["a"]}""", "always needs itself")]
    [InlineData("""{"properties": {}, "required": ["a"]}""", "'a' is required")]
    [InlineData("""{"properties": {"a": true, "a": false}}""", "twice")]
    [InlineData("""{"type": "array", "uniqueItems": true}""", "differ")]
    [InlineData("""{"type": "array", "minItems": 3, "maxItems": 2}""", "minItems is more than maxItems")]
    [InlineData("""{"type": "array", "minItems": -1}""", "at least 0")]
    [InlineData("""{"type": "array", "items": false, "minItems": 1}""", "more than there can be")]
    [InlineData("""{"type": "string", "maxLength": 100000000}""", "states")]
    [InlineData("""{"type": "string", "pattern": "a", "maxLength": 3}""", "together")]
    [InlineData("""{"type": "string", "pattern": "(a"}""", "#/pattern, line 1, character 3")]
    [InlineData("""{"type": "string", "pattern": "\\x01"}""", "control character")]
    [InlineData("""{"type": "string", "format": "hostname"}""", "'hostname' is not supported")]
    [InlineData("""{"type": "integer", "minimum": 3, "maximum": 2}""", "no integer")]
    [InlineData("""{"type": "integer", "minimum": 1e300}""", "a number from")]
    [InlineData("""{"type": "number", "maximum": 2}""", "supported for integers")]
    [InlineData("""{"const": "\ud800"}""", "Unicode")]
    public void What_it_can_not_do_is_said(string schema, string expected)
    {
        var error = Assert.Throws<CoppiceException>(() => Following.States(TextConstraint.JsonSchema(schema)));
        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void References_that_lead_ever_deeper_are_refused()
    {
        var definitions = string.Join(", ", Enumerable.Range(0, 1000).Select(i => $"\"d{i}\": {{\"type\": \"array\", \"items\": {{\"$ref\": \"#/$defs/d{i + 1}\"}}}}"));
        var error = Assert.Throws<CoppiceException>(() => Following.States(TextConstraint.JsonSchema($"{{\"$ref\": \"#/$defs/d0\", \"$defs\": {{{definitions}, \"d1000\": true}}}}")));
        Assert.Contains("too deep", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_properties_that_may_be_left_out_take_no_more_than_their_number()
    {
        var names = Enumerable.Range(0, 300).Select(i => $"p{i}").ToList();
        var constraint = TextConstraint.JsonSchema($"{{\"properties\": {{{string.Join(", ", names.Select(name => $"\"{name}\": {{\"type\": \"null\"}}"))}}}}}");
        Following.AssertAccepts(constraint, ["{}", "{\"p7\":null,\"p9\":null, \"p299\":null}", $"{{{string.Join(",", names.Select(name => $"\"{name}\":null"))}}}"], ["{\"p9\":null,\"p7\":null}"]);
    }
}
