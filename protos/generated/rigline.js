/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["default"] || ($protobuf.roots["default"] = {});

export const rigline = $root.rigline = (() => {

    /**
     * Namespace rigline.
     * @exports rigline
     * @namespace
     */
    const rigline = {};

    rigline.v1 = (function() {

        /**
         * Namespace v1.
         * @memberof rigline
         * @namespace
         */
        const v1 = {};

        v1.Bundle = (function() {

            /**
             * Properties of a Bundle.
             * @typedef {Object} rigline.v1.Bundle.$Properties
             * @property {Array.<Uint8Array>|null} [envelopes] Bundle envelopes
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Bundle.
             * @memberof rigline.v1
             * @interface IBundle
             * @augments rigline.v1.Bundle.$Properties
             * @deprecated Use rigline.v1.Bundle.$Properties instead.
             */

            /**
             * Shape of a Bundle.
             * @typedef {rigline.v1.Bundle.$Properties} rigline.v1.Bundle.$Shape
             */

            /**
             * Constructs a new Bundle.
             * @memberof rigline.v1
             * @classdesc Represents a Bundle.
             * @constructor
             * @param {rigline.v1.Bundle.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Bundle = function (properties) {
                this.envelopes = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Bundle envelopes.
             * @member {Array.<Uint8Array>} envelopes
             * @memberof rigline.v1.Bundle
             * @instance
             */
            Bundle.prototype.envelopes = $util.emptyArray;

            /**
             * Creates a new Bundle instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Bundle
             * @static
             * @param {rigline.v1.Bundle.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Bundle} Bundle instance
             * @type {{
             *   (properties: rigline.v1.Bundle.$Shape): rigline.v1.Bundle & rigline.v1.Bundle.$Shape;
             *   (properties?: rigline.v1.Bundle.$Properties): rigline.v1.Bundle;
             * }}
             */
            Bundle.create = function(properties) {
                return new Bundle(properties);
            };

            /**
             * Encodes the specified Bundle message. Does not implicitly {@link rigline.v1.Bundle.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Bundle
             * @static
             * @param {rigline.v1.Bundle.$Properties} message Bundle message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Bundle.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.envelopes != null && message.envelopes.length)
                    for (let i = 0; i < message.envelopes.length; ++i)
                        writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.envelopes[i]);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Bundle message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Bundle
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Bundle & rigline.v1.Bundle.$Shape} Bundle
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Bundle.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Bundle();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            if (!(message.envelopes && message.envelopes.length))
                                message.envelopes = [];
                            message.envelopes.push(reader.bytes());
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Bundle;
        })();

        v1.Envelope = (function() {

            /**
             * Properties of an Envelope.
             * @typedef {Object} rigline.v1.Envelope.$Properties
             * @property {number|null} [version] Envelope version
             * @property {string|null} [rig] Envelope rig
             * @property {string|null} [spool] Envelope spool
             * @property {Long|null} [seq] Envelope seq
             * @property {string|null} [predecessor] Envelope predecessor
             * @property {Uint8Array|null} [schema] Envelope schema
             * @property {rigline.v1.Batch.$Properties|null} [batch] Envelope batch
             * @property {rigline.v1.Event.$Properties|null} [event] Envelope event
             * @property {rigline.v1.ClockSample.$Properties|null} [clockSample] Envelope clockSample
             * @property {rigline.v1.Gap.$Properties|null} [gap] Envelope gap
             * @property {rigline.v1.Health.$Properties|null} [health] Envelope health
             * @property {"schema"|"batch"|"event"|"clockSample"|"gap"|"health"} [body] Envelope body
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an Envelope.
             * @memberof rigline.v1
             * @interface IEnvelope
             * @augments rigline.v1.Envelope.$Properties
             * @deprecated Use rigline.v1.Envelope.$Properties instead.
             */

            /**
             * Narrowed shape of an Envelope.
             * @typedef {{
             *   version?: number|null;
             *   rig?: string|null;
             *   spool?: string|null;
             *   seq?: Long|null;
             *   predecessor?: string|null;
             *   schema?: Uint8Array|null;
             *   batch?: rigline.v1.Batch.$Shape|null;
             *   event?: rigline.v1.Event.$Shape|null;
             *   clockSample?: rigline.v1.ClockSample.$Shape|null;
             *   gap?: rigline.v1.Gap.$Shape|null;
             *   health?: rigline.v1.Health.$Shape|null;
             *   $unknowns?: Array.<Uint8Array>;
             * } & (
             *   ({ body?: undefined; schema?: null; batch?: null; event?: null; clockSample?: null; gap?: null; health?: null }|{ body?: "schema"; schema: Uint8Array; batch?: null; event?: null; clockSample?: null; gap?: null; health?: null }|{ body?: "batch"; schema?: null; batch: rigline.v1.Batch.$Shape; event?: null; clockSample?: null; gap?: null; health?: null }|{ body?: "event"; schema?: null; batch?: null; event: rigline.v1.Event.$Shape; clockSample?: null; gap?: null; health?: null }|{ body?: "clockSample"; schema?: null; batch?: null; event?: null; clockSample: rigline.v1.ClockSample.$Shape; gap?: null; health?: null }|{ body?: "gap"; schema?: null; batch?: null; event?: null; clockSample?: null; gap: rigline.v1.Gap.$Shape; health?: null }|{ body?: "health"; schema?: null; batch?: null; event?: null; clockSample?: null; gap?: null; health: rigline.v1.Health.$Shape })
             * )} rigline.v1.Envelope.$Shape
             */

            /**
             * Constructs a new Envelope.
             * @memberof rigline.v1
             * @classdesc Represents an Envelope.
             * @constructor
             * @param {rigline.v1.Envelope.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Envelope = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Envelope version.
             * @member {number} version
             * @memberof rigline.v1.Envelope
             * @instance
             */
            Envelope.prototype.version = 0;

            /**
             * Envelope rig.
             * @member {string} rig
             * @memberof rigline.v1.Envelope
             * @instance
             */
            Envelope.prototype.rig = "";

            /**
             * Envelope spool.
             * @member {string} spool
             * @memberof rigline.v1.Envelope
             * @instance
             */
            Envelope.prototype.spool = "";

            /**
             * Envelope seq.
             * @member {Long} seq
             * @memberof rigline.v1.Envelope
             * @instance
             */
            Envelope.prototype.seq = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Envelope predecessor.
             * @member {string} predecessor
             * @memberof rigline.v1.Envelope
             * @instance
             */
            Envelope.prototype.predecessor = "";

            /**
             * Envelope schema.
             * @member {Uint8Array|null|undefined} schema
             * @memberof rigline.v1.Envelope
             * @instance
             */
            Envelope.prototype.schema = null;

            /**
             * Envelope batch.
             * @member {rigline.v1.Batch.$Properties|null|undefined} batch
             * @memberof rigline.v1.Envelope
             * @instance
             */
            Envelope.prototype.batch = null;

            /**
             * Envelope event.
             * @member {rigline.v1.Event.$Properties|null|undefined} event
             * @memberof rigline.v1.Envelope
             * @instance
             */
            Envelope.prototype.event = null;

            /**
             * Envelope clockSample.
             * @member {rigline.v1.ClockSample.$Properties|null|undefined} clockSample
             * @memberof rigline.v1.Envelope
             * @instance
             */
            Envelope.prototype.clockSample = null;

            /**
             * Envelope gap.
             * @member {rigline.v1.Gap.$Properties|null|undefined} gap
             * @memberof rigline.v1.Envelope
             * @instance
             */
            Envelope.prototype.gap = null;

            /**
             * Envelope health.
             * @member {rigline.v1.Health.$Properties|null|undefined} health
             * @memberof rigline.v1.Envelope
             * @instance
             */
            Envelope.prototype.health = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            /**
             * Envelope body.
             * @member {"schema"|"batch"|"event"|"clockSample"|"gap"|"health"|undefined} body
             * @memberof rigline.v1.Envelope
             * @instance
             */
            $Object.defineProperty(Envelope.prototype, "body", {
                get: $util.oneOfGetter($oneOfFields = ["schema", "batch", "event", "clockSample", "gap", "health"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Envelope instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Envelope
             * @static
             * @param {rigline.v1.Envelope.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Envelope} Envelope instance
             * @type {{
             *   (properties: rigline.v1.Envelope.$Shape): rigline.v1.Envelope & rigline.v1.Envelope.$Shape;
             *   (properties?: rigline.v1.Envelope.$Properties): rigline.v1.Envelope;
             * }}
             */
            Envelope.create = function(properties) {
                return new Envelope(properties);
            };

            /**
             * Encodes the specified Envelope message. Does not implicitly {@link rigline.v1.Envelope.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Envelope
             * @static
             * @param {rigline.v1.Envelope.$Properties} message Envelope message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Envelope.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).uint32(message.version);
                if (message.rig != null && $Object.hasOwnProperty.call(message, "rig") && message.rig !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.rig);
                if (message.spool != null && $Object.hasOwnProperty.call(message, "spool") && message.spool !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.spool);
                if (message.seq != null && $Object.hasOwnProperty.call(message, "seq") && (typeof message.seq === "object" ? message.seq.low || message.seq.high : message.seq !== 0))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.seq);
                if (message.predecessor != null && $Object.hasOwnProperty.call(message, "predecessor") && message.predecessor !== "")
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.predecessor);
                if (message.schema != null && $Object.hasOwnProperty.call(message, "schema"))
                    writer.uint32(/* id 10, wireType 2 =*/82).bytes(message.schema);
                if (message.batch != null && $Object.hasOwnProperty.call(message, "batch"))
                    $root.rigline.v1.Batch.encode(message.batch, writer.uint32(/* id 11, wireType 2 =*/90).fork(), _depth + 1).ldelim();
                if (message.event != null && $Object.hasOwnProperty.call(message, "event"))
                    $root.rigline.v1.Event.encode(message.event, writer.uint32(/* id 12, wireType 2 =*/98).fork(), _depth + 1).ldelim();
                if (message.clockSample != null && $Object.hasOwnProperty.call(message, "clockSample"))
                    $root.rigline.v1.ClockSample.encode(message.clockSample, writer.uint32(/* id 13, wireType 2 =*/106).fork(), _depth + 1).ldelim();
                if (message.gap != null && $Object.hasOwnProperty.call(message, "gap"))
                    $root.rigline.v1.Gap.encode(message.gap, writer.uint32(/* id 14, wireType 2 =*/114).fork(), _depth + 1).ldelim();
                if (message.health != null && $Object.hasOwnProperty.call(message, "health"))
                    $root.rigline.v1.Health.encode(message.health, writer.uint32(/* id 15, wireType 2 =*/122).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an Envelope message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Envelope
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Envelope & rigline.v1.Envelope.$Shape} Envelope
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Envelope.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Envelope();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.version = value;
                            else
                                delete message.version;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.rig = value;
                            else
                                delete message.rig;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.spool = value;
                            else
                                delete message.spool;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.seq = value;
                            else
                                delete message.seq;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.predecessor = value;
                            else
                                delete message.predecessor;
                            continue;
                        }
                    case 10: {
                            if (wireType !== 2)
                                break;
                            message.schema = reader.bytes();
                            message.body = "schema";
                            continue;
                        }
                    case 11: {
                            if (wireType !== 2)
                                break;
                            message.batch = $root.rigline.v1.Batch.decode(reader, reader.size(), $undefined, _depth + 1, message.batch);
                            message.body = "batch";
                            continue;
                        }
                    case 12: {
                            if (wireType !== 2)
                                break;
                            message.event = $root.rigline.v1.Event.decode(reader, reader.size(), $undefined, _depth + 1, message.event);
                            message.body = "event";
                            continue;
                        }
                    case 13: {
                            if (wireType !== 2)
                                break;
                            message.clockSample = $root.rigline.v1.ClockSample.decode(reader, reader.size(), $undefined, _depth + 1, message.clockSample);
                            message.body = "clockSample";
                            continue;
                        }
                    case 14: {
                            if (wireType !== 2)
                                break;
                            message.gap = $root.rigline.v1.Gap.decode(reader, reader.size(), $undefined, _depth + 1, message.gap);
                            message.body = "gap";
                            continue;
                        }
                    case 15: {
                            if (wireType !== 2)
                                break;
                            message.health = $root.rigline.v1.Health.decode(reader, reader.size(), $undefined, _depth + 1, message.health);
                            message.body = "health";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Envelope;
        })();

        /**
         * Kind enum.
         * @name rigline.v1.Kind
         * @enum {number}
         * @property {number} KIND_UNSPECIFIED=0 KIND_UNSPECIFIED value
         * @property {number} F64=1 F64 value
         * @property {number} F32=2 F32 value
         * @property {number} INT=3 INT value
         * @property {number} BOOL=4 BOOL value
         * @property {number} TEXT=5 TEXT value
         */
        v1.Kind = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "KIND_UNSPECIFIED"] = 0;
            values[valuesById[1] = "F64"] = 1;
            values[valuesById[2] = "F32"] = 2;
            values[valuesById[3] = "INT"] = 3;
            values[valuesById[4] = "BOOL"] = 4;
            values[valuesById[5] = "TEXT"] = 5;
            return values;
        })();

        v1.Schema = (function() {

            /**
             * Properties of a Schema.
             * @typedef {Object} rigline.v1.Schema.$Properties
             * @property {string|null} [stream] Schema stream
             * @property {Array.<rigline.v1.Channel.$Properties>|null} [channels] Schema channels
             * @property {Long|null} [periodNumNs] Schema periodNumNs
             * @property {Long|null} [periodDen] Schema periodDen
             * @property {string|null} [source] Schema source
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Schema.
             * @memberof rigline.v1
             * @interface ISchema
             * @augments rigline.v1.Schema.$Properties
             * @deprecated Use rigline.v1.Schema.$Properties instead.
             */

            /**
             * Shape of a Schema.
             * @typedef {rigline.v1.Schema.$Properties} rigline.v1.Schema.$Shape
             */

            /**
             * Constructs a new Schema.
             * @memberof rigline.v1
             * @classdesc Represents a Schema.
             * @constructor
             * @param {rigline.v1.Schema.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Schema = function (properties) {
                this.channels = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Schema stream.
             * @member {string} stream
             * @memberof rigline.v1.Schema
             * @instance
             */
            Schema.prototype.stream = "";

            /**
             * Schema channels.
             * @member {Array.<rigline.v1.Channel.$Properties>} channels
             * @memberof rigline.v1.Schema
             * @instance
             */
            Schema.prototype.channels = $util.emptyArray;

            /**
             * Schema periodNumNs.
             * @member {Long} periodNumNs
             * @memberof rigline.v1.Schema
             * @instance
             */
            Schema.prototype.periodNumNs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Schema periodDen.
             * @member {Long} periodDen
             * @memberof rigline.v1.Schema
             * @instance
             */
            Schema.prototype.periodDen = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Schema source.
             * @member {string} source
             * @memberof rigline.v1.Schema
             * @instance
             */
            Schema.prototype.source = "";

            /**
             * Creates a new Schema instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Schema
             * @static
             * @param {rigline.v1.Schema.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Schema} Schema instance
             * @type {{
             *   (properties: rigline.v1.Schema.$Shape): rigline.v1.Schema & rigline.v1.Schema.$Shape;
             *   (properties?: rigline.v1.Schema.$Properties): rigline.v1.Schema;
             * }}
             */
            Schema.create = function(properties) {
                return new Schema(properties);
            };

            /**
             * Encodes the specified Schema message. Does not implicitly {@link rigline.v1.Schema.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Schema
             * @static
             * @param {rigline.v1.Schema.$Properties} message Schema message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Schema.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.stream != null && $Object.hasOwnProperty.call(message, "stream") && message.stream !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.stream);
                if (message.channels != null && message.channels.length)
                    for (let i = 0; i < message.channels.length; ++i)
                        $root.rigline.v1.Channel.encode(message.channels[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                if (message.periodNumNs != null && $Object.hasOwnProperty.call(message, "periodNumNs") && (typeof message.periodNumNs === "object" ? message.periodNumNs.low || message.periodNumNs.high : message.periodNumNs !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.periodNumNs);
                if (message.periodDen != null && $Object.hasOwnProperty.call(message, "periodDen") && (typeof message.periodDen === "object" ? message.periodDen.low || message.periodDen.high : message.periodDen !== 0))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.periodDen);
                if (message.source != null && $Object.hasOwnProperty.call(message, "source") && message.source !== "")
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.source);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Schema message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Schema
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Schema & rigline.v1.Schema.$Shape} Schema
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Schema.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Schema();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.stream = value;
                            else
                                delete message.stream;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if (!(message.channels && message.channels.length))
                                message.channels = [];
                            message.channels.push($root.rigline.v1.Channel.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.periodNumNs = value;
                            else
                                delete message.periodNumNs;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.periodDen = value;
                            else
                                delete message.periodDen;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.source = value;
                            else
                                delete message.source;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Schema;
        })();

        v1.Channel = (function() {

            /**
             * Properties of a Channel.
             * @typedef {Object} rigline.v1.Channel.$Properties
             * @property {string|null} [name] Channel name
             * @property {rigline.v1.Kind|null} [kind] Channel kind
             * @property {string|null} [unit] Channel unit
             * @property {string|null} [code] Channel code
             * @property {number|null} [min] Channel min
             * @property {number|null} [max] Channel max
             * @property {number|null} [gain] Channel gain
             * @property {number|null} [offset] Channel offset
             * @property {string|null} [description] Channel description
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Channel.
             * @memberof rigline.v1
             * @interface IChannel
             * @augments rigline.v1.Channel.$Properties
             * @deprecated Use rigline.v1.Channel.$Properties instead.
             */

            /**
             * Shape of a Channel.
             * @typedef {rigline.v1.Channel.$Properties} rigline.v1.Channel.$Shape
             */

            /**
             * Constructs a new Channel.
             * @memberof rigline.v1
             * @classdesc Represents a Channel.
             * @constructor
             * @param {rigline.v1.Channel.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Channel = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Channel name.
             * @member {string} name
             * @memberof rigline.v1.Channel
             * @instance
             */
            Channel.prototype.name = "";

            /**
             * Channel kind.
             * @member {rigline.v1.Kind} kind
             * @memberof rigline.v1.Channel
             * @instance
             */
            Channel.prototype.kind = 0;

            /**
             * Channel unit.
             * @member {string} unit
             * @memberof rigline.v1.Channel
             * @instance
             */
            Channel.prototype.unit = "";

            /**
             * Channel code.
             * @member {string} code
             * @memberof rigline.v1.Channel
             * @instance
             */
            Channel.prototype.code = "";

            /**
             * Channel min.
             * @member {number|null|undefined} min
             * @memberof rigline.v1.Channel
             * @instance
             */
            Channel.prototype.min = null;

            /**
             * Channel max.
             * @member {number|null|undefined} max
             * @memberof rigline.v1.Channel
             * @instance
             */
            Channel.prototype.max = null;

            /**
             * Channel gain.
             * @member {number|null|undefined} gain
             * @memberof rigline.v1.Channel
             * @instance
             */
            Channel.prototype.gain = null;

            /**
             * Channel offset.
             * @member {number|null|undefined} offset
             * @memberof rigline.v1.Channel
             * @instance
             */
            Channel.prototype.offset = null;

            /**
             * Channel description.
             * @member {string} description
             * @memberof rigline.v1.Channel
             * @instance
             */
            Channel.prototype.description = "";

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Channel.prototype, "_min", {
                get: $util.oneOfGetter($oneOfFields = ["min"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Channel.prototype, "_max", {
                get: $util.oneOfGetter($oneOfFields = ["max"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Channel.prototype, "_gain", {
                get: $util.oneOfGetter($oneOfFields = ["gain"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            // Virtual OneOf for proto3 optional field
            $Object.defineProperty(Channel.prototype, "_offset", {
                get: $util.oneOfGetter($oneOfFields = ["offset"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Channel instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Channel
             * @static
             * @param {rigline.v1.Channel.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Channel} Channel instance
             * @type {{
             *   (properties: rigline.v1.Channel.$Shape): rigline.v1.Channel & rigline.v1.Channel.$Shape;
             *   (properties?: rigline.v1.Channel.$Properties): rigline.v1.Channel;
             * }}
             */
            Channel.create = function(properties) {
                return new Channel(properties);
            };

            /**
             * Encodes the specified Channel message. Does not implicitly {@link rigline.v1.Channel.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Channel
             * @static
             * @param {rigline.v1.Channel.$Properties} message Channel message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Channel.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.kind != null && $Object.hasOwnProperty.call(message, "kind") && message.kind !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).int32(message.kind);
                if (message.unit != null && $Object.hasOwnProperty.call(message, "unit") && message.unit !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.unit);
                if (message.code != null && $Object.hasOwnProperty.call(message, "code") && message.code !== "")
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.code);
                if (message.min != null && $Object.hasOwnProperty.call(message, "min"))
                    writer.uint32(/* id 5, wireType 1 =*/41).double(message.min);
                if (message.max != null && $Object.hasOwnProperty.call(message, "max"))
                    writer.uint32(/* id 6, wireType 1 =*/49).double(message.max);
                if (message.gain != null && $Object.hasOwnProperty.call(message, "gain"))
                    writer.uint32(/* id 7, wireType 1 =*/57).double(message.gain);
                if (message.offset != null && $Object.hasOwnProperty.call(message, "offset"))
                    writer.uint32(/* id 8, wireType 1 =*/65).double(message.offset);
                if (message.description != null && $Object.hasOwnProperty.call(message, "description") && message.description !== "")
                    writer.uint32(/* id 9, wireType 2 =*/74).string(message.description);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Channel message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Channel
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Channel & rigline.v1.Channel.$Shape} Channel
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Channel.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Channel();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.name = value;
                            else
                                delete message.name;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.kind = value;
                            else
                                delete message.kind;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.unit = value;
                            else
                                delete message.unit;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.code = value;
                            else
                                delete message.code;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 1)
                                break;
                            message.min = reader.double();
                            message._min = "min";
                            continue;
                        }
                    case 6: {
                            if (wireType !== 1)
                                break;
                            message.max = reader.double();
                            message._max = "max";
                            continue;
                        }
                    case 7: {
                            if (wireType !== 1)
                                break;
                            message.gain = reader.double();
                            message._gain = "gain";
                            continue;
                        }
                    case 8: {
                            if (wireType !== 1)
                                break;
                            message.offset = reader.double();
                            message._offset = "offset";
                            continue;
                        }
                    case 9: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.description = value;
                            else
                                delete message.description;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Channel;
        })();

        v1.Times = (function() {

            /**
             * Properties of a Times.
             * @typedef {Object} rigline.v1.Times.$Properties
             * @property {Long|null} [anchorNs] Times anchorNs
             * @property {Long|null} [periodNum] Times periodNum
             * @property {Long|null} [periodDen] Times periodDen
             * @property {Uint8Array|null} [deltas] Times deltas
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Times.
             * @memberof rigline.v1
             * @interface ITimes
             * @augments rigline.v1.Times.$Properties
             * @deprecated Use rigline.v1.Times.$Properties instead.
             */

            /**
             * Shape of a Times.
             * @typedef {rigline.v1.Times.$Properties} rigline.v1.Times.$Shape
             */

            /**
             * Constructs a new Times.
             * @memberof rigline.v1
             * @classdesc Represents a Times.
             * @constructor
             * @param {rigline.v1.Times.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Times = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Times anchorNs.
             * @member {Long} anchorNs
             * @memberof rigline.v1.Times
             * @instance
             */
            Times.prototype.anchorNs = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * Times periodNum.
             * @member {Long} periodNum
             * @memberof rigline.v1.Times
             * @instance
             */
            Times.prototype.periodNum = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Times periodDen.
             * @member {Long} periodDen
             * @memberof rigline.v1.Times
             * @instance
             */
            Times.prototype.periodDen = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Times deltas.
             * @member {Uint8Array} deltas
             * @memberof rigline.v1.Times
             * @instance
             */
            Times.prototype.deltas = $util.newBuffer([]);

            /**
             * Creates a new Times instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Times
             * @static
             * @param {rigline.v1.Times.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Times} Times instance
             * @type {{
             *   (properties: rigline.v1.Times.$Shape): rigline.v1.Times & rigline.v1.Times.$Shape;
             *   (properties?: rigline.v1.Times.$Properties): rigline.v1.Times;
             * }}
             */
            Times.create = function(properties) {
                return new Times(properties);
            };

            /**
             * Encodes the specified Times message. Does not implicitly {@link rigline.v1.Times.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Times
             * @static
             * @param {rigline.v1.Times.$Properties} message Times message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Times.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.anchorNs != null && $Object.hasOwnProperty.call(message, "anchorNs") && (typeof message.anchorNs === "object" ? message.anchorNs.low || message.anchorNs.high : message.anchorNs !== 0))
                    writer.uint32(/* id 1, wireType 1 =*/9).sfixed64(message.anchorNs);
                if (message.periodNum != null && $Object.hasOwnProperty.call(message, "periodNum") && (typeof message.periodNum === "object" ? message.periodNum.low || message.periodNum.high : message.periodNum !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.periodNum);
                if (message.periodDen != null && $Object.hasOwnProperty.call(message, "periodDen") && (typeof message.periodDen === "object" ? message.periodDen.low || message.periodDen.high : message.periodDen !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.periodDen);
                if (message.deltas != null && $Object.hasOwnProperty.call(message, "deltas") && message.deltas.length)
                    writer.uint32(/* id 4, wireType 2 =*/34).bytes(message.deltas);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Times message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Times
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Times & rigline.v1.Times.$Shape} Times
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Times.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Times();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.anchorNs = value;
                            else
                                delete message.anchorNs;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.periodNum = value;
                            else
                                delete message.periodNum;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.periodDen = value;
                            else
                                delete message.periodDen;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.deltas = value;
                            else
                                delete message.deltas;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Times;
        })();

        /**
         * Encoding enum.
         * @name rigline.v1.Encoding
         * @enum {number}
         * @property {number} ENCODING_UNSPECIFIED=0 ENCODING_UNSPECIFIED value
         * @property {number} F64_LE=1 F64_LE value
         * @property {number} F32_LE=2 F32_LE value
         * @property {number} DELTA_VARINT=3 DELTA_VARINT value
         * @property {number} BITS=4 BITS value
         * @property {number} DICTIONARY=5 DICTIONARY value
         */
        v1.Encoding = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "ENCODING_UNSPECIFIED"] = 0;
            values[valuesById[1] = "F64_LE"] = 1;
            values[valuesById[2] = "F32_LE"] = 2;
            values[valuesById[3] = "DELTA_VARINT"] = 3;
            values[valuesById[4] = "BITS"] = 4;
            values[valuesById[5] = "DICTIONARY"] = 5;
            return values;
        })();

        v1.Column = (function() {

            /**
             * Properties of a Column.
             * @typedef {Object} rigline.v1.Column.$Properties
             * @property {rigline.v1.Encoding|null} [encoding] Column encoding
             * @property {Uint8Array|null} [values] Column values
             * @property {Uint8Array|null} [validity] Column validity
             * @property {Array.<string>|null} [dictionary] Column dictionary
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Column.
             * @memberof rigline.v1
             * @interface IColumn
             * @augments rigline.v1.Column.$Properties
             * @deprecated Use rigline.v1.Column.$Properties instead.
             */

            /**
             * Shape of a Column.
             * @typedef {rigline.v1.Column.$Properties} rigline.v1.Column.$Shape
             */

            /**
             * Constructs a new Column.
             * @memberof rigline.v1
             * @classdesc Represents a Column.
             * @constructor
             * @param {rigline.v1.Column.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Column = function (properties) {
                this.dictionary = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Column encoding.
             * @member {rigline.v1.Encoding} encoding
             * @memberof rigline.v1.Column
             * @instance
             */
            Column.prototype.encoding = 0;

            /**
             * Column values.
             * @member {Uint8Array} values
             * @memberof rigline.v1.Column
             * @instance
             */
            Column.prototype.values = $util.newBuffer([]);

            /**
             * Column validity.
             * @member {Uint8Array} validity
             * @memberof rigline.v1.Column
             * @instance
             */
            Column.prototype.validity = $util.newBuffer([]);

            /**
             * Column dictionary.
             * @member {Array.<string>} dictionary
             * @memberof rigline.v1.Column
             * @instance
             */
            Column.prototype.dictionary = $util.emptyArray;

            /**
             * Creates a new Column instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Column
             * @static
             * @param {rigline.v1.Column.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Column} Column instance
             * @type {{
             *   (properties: rigline.v1.Column.$Shape): rigline.v1.Column & rigline.v1.Column.$Shape;
             *   (properties?: rigline.v1.Column.$Properties): rigline.v1.Column;
             * }}
             */
            Column.create = function(properties) {
                return new Column(properties);
            };

            /**
             * Encodes the specified Column message. Does not implicitly {@link rigline.v1.Column.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Column
             * @static
             * @param {rigline.v1.Column.$Properties} message Column message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Column.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.encoding != null && $Object.hasOwnProperty.call(message, "encoding") && message.encoding !== 0)
                    writer.uint32(/* id 1, wireType 0 =*/8).int32(message.encoding);
                if (message.values != null && $Object.hasOwnProperty.call(message, "values") && message.values.length)
                    writer.uint32(/* id 2, wireType 2 =*/18).bytes(message.values);
                if (message.validity != null && $Object.hasOwnProperty.call(message, "validity") && message.validity.length)
                    writer.uint32(/* id 3, wireType 2 =*/26).bytes(message.validity);
                if (message.dictionary != null && message.dictionary.length)
                    for (let i = 0; i < message.dictionary.length; ++i)
                        writer.uint32(/* id 4, wireType 2 =*/34).string(message.dictionary[i]);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Column message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Column
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Column & rigline.v1.Column.$Shape} Column
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Column.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Column();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.encoding = value;
                            else
                                delete message.encoding;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.values = value;
                            else
                                delete message.values;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.validity = value;
                            else
                                delete message.validity;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if (!(message.dictionary && message.dictionary.length))
                                message.dictionary = [];
                            message.dictionary.push(reader.stringVerify());
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Column;
        })();

        v1.Batch = (function() {

            /**
             * Properties of a Batch.
             * @typedef {Object} rigline.v1.Batch.$Properties
             * @property {Uint8Array|null} [schema] Batch schema
             * @property {number|null} [rows] Batch rows
             * @property {number|null} [era] Batch era
             * @property {rigline.v1.Times.$Properties|null} [times] Batch times
             * @property {Long|null} [monotonicNs] Batch monotonicNs
             * @property {Uint8Array|null} [bootId] Batch bootId
             * @property {rigline.v1.Times.$Properties|null} [simulation] Batch simulation
             * @property {boolean|null} [notRising] Batch notRising
             * @property {Long|null} [position] Batch position
             * @property {string|null} [origin] Batch origin
             * @property {Array.<rigline.v1.Column.$Properties>|null} [columns] Batch columns
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Batch.
             * @memberof rigline.v1
             * @interface IBatch
             * @augments rigline.v1.Batch.$Properties
             * @deprecated Use rigline.v1.Batch.$Properties instead.
             */

            /**
             * Shape of a Batch.
             * @typedef {rigline.v1.Batch.$Properties} rigline.v1.Batch.$Shape
             */

            /**
             * Constructs a new Batch.
             * @memberof rigline.v1
             * @classdesc Represents a Batch.
             * @constructor
             * @param {rigline.v1.Batch.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Batch = function (properties) {
                this.columns = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Batch schema.
             * @member {Uint8Array} schema
             * @memberof rigline.v1.Batch
             * @instance
             */
            Batch.prototype.schema = $util.newBuffer([]);

            /**
             * Batch rows.
             * @member {number} rows
             * @memberof rigline.v1.Batch
             * @instance
             */
            Batch.prototype.rows = 0;

            /**
             * Batch era.
             * @member {number} era
             * @memberof rigline.v1.Batch
             * @instance
             */
            Batch.prototype.era = 0;

            /**
             * Batch times.
             * @member {rigline.v1.Times.$Properties|null|undefined} times
             * @memberof rigline.v1.Batch
             * @instance
             */
            Batch.prototype.times = null;

            /**
             * Batch monotonicNs.
             * @member {Long} monotonicNs
             * @memberof rigline.v1.Batch
             * @instance
             */
            Batch.prototype.monotonicNs = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * Batch bootId.
             * @member {Uint8Array} bootId
             * @memberof rigline.v1.Batch
             * @instance
             */
            Batch.prototype.bootId = $util.newBuffer([]);

            /**
             * Batch simulation.
             * @member {rigline.v1.Times.$Properties|null|undefined} simulation
             * @memberof rigline.v1.Batch
             * @instance
             */
            Batch.prototype.simulation = null;

            /**
             * Batch notRising.
             * @member {boolean} notRising
             * @memberof rigline.v1.Batch
             * @instance
             */
            Batch.prototype.notRising = false;

            /**
             * Batch position.
             * @member {Long} position
             * @memberof rigline.v1.Batch
             * @instance
             */
            Batch.prototype.position = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Batch origin.
             * @member {string} origin
             * @memberof rigline.v1.Batch
             * @instance
             */
            Batch.prototype.origin = "";

            /**
             * Batch columns.
             * @member {Array.<rigline.v1.Column.$Properties>} columns
             * @memberof rigline.v1.Batch
             * @instance
             */
            Batch.prototype.columns = $util.emptyArray;

            /**
             * Creates a new Batch instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Batch
             * @static
             * @param {rigline.v1.Batch.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Batch} Batch instance
             * @type {{
             *   (properties: rigline.v1.Batch.$Shape): rigline.v1.Batch & rigline.v1.Batch.$Shape;
             *   (properties?: rigline.v1.Batch.$Properties): rigline.v1.Batch;
             * }}
             */
            Batch.create = function(properties) {
                return new Batch(properties);
            };

            /**
             * Encodes the specified Batch message. Does not implicitly {@link rigline.v1.Batch.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Batch
             * @static
             * @param {rigline.v1.Batch.$Properties} message Batch message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Batch.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.schema != null && $Object.hasOwnProperty.call(message, "schema") && message.schema.length)
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.schema);
                if (message.rows != null && $Object.hasOwnProperty.call(message, "rows") && message.rows !== 0)
                    writer.uint32(/* id 2, wireType 0 =*/16).uint32(message.rows);
                if (message.era != null && $Object.hasOwnProperty.call(message, "era") && message.era !== 0)
                    writer.uint32(/* id 3, wireType 0 =*/24).uint32(message.era);
                if (message.times != null && $Object.hasOwnProperty.call(message, "times"))
                    $root.rigline.v1.Times.encode(message.times, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                if (message.monotonicNs != null && $Object.hasOwnProperty.call(message, "monotonicNs") && (typeof message.monotonicNs === "object" ? message.monotonicNs.low || message.monotonicNs.high : message.monotonicNs !== 0))
                    writer.uint32(/* id 5, wireType 1 =*/41).sfixed64(message.monotonicNs);
                if (message.bootId != null && $Object.hasOwnProperty.call(message, "bootId") && message.bootId.length)
                    writer.uint32(/* id 6, wireType 2 =*/50).bytes(message.bootId);
                if (message.simulation != null && $Object.hasOwnProperty.call(message, "simulation"))
                    $root.rigline.v1.Times.encode(message.simulation, writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
                if (message.notRising != null && $Object.hasOwnProperty.call(message, "notRising") && message.notRising !== false)
                    writer.uint32(/* id 8, wireType 0 =*/64).bool(message.notRising);
                if (message.position != null && $Object.hasOwnProperty.call(message, "position") && (typeof message.position === "object" ? message.position.low || message.position.high : message.position !== 0))
                    writer.uint32(/* id 9, wireType 0 =*/72).uint64(message.position);
                if (message.origin != null && $Object.hasOwnProperty.call(message, "origin") && message.origin !== "")
                    writer.uint32(/* id 10, wireType 2 =*/82).string(message.origin);
                if (message.columns != null && message.columns.length)
                    for (let i = 0; i < message.columns.length; ++i)
                        $root.rigline.v1.Column.encode(message.columns[i], writer.uint32(/* id 15, wireType 2 =*/122).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Batch message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Batch
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Batch & rigline.v1.Batch.$Shape} Batch
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Batch.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Batch();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.schema = value;
                            else
                                delete message.schema;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.rows = value;
                            else
                                delete message.rows;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.uint32())
                                message.era = value;
                            else
                                delete message.era;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            message.times = $root.rigline.v1.Times.decode(reader, reader.size(), $undefined, _depth + 1, message.times);
                            continue;
                        }
                    case 5: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.monotonicNs = value;
                            else
                                delete message.monotonicNs;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.bootId = value;
                            else
                                delete message.bootId;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 2)
                                break;
                            message.simulation = $root.rigline.v1.Times.decode(reader, reader.size(), $undefined, _depth + 1, message.simulation);
                            continue;
                        }
                    case 8: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.notRising = value;
                            else
                                delete message.notRising;
                            continue;
                        }
                    case 9: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.position = value;
                            else
                                delete message.position;
                            continue;
                        }
                    case 10: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.origin = value;
                            else
                                delete message.origin;
                            continue;
                        }
                    case 15: {
                            if (wireType !== 2)
                                break;
                            if (!(message.columns && message.columns.length))
                                message.columns = [];
                            message.columns.push($root.rigline.v1.Column.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Batch;
        })();

        v1.Event = (function() {

            /**
             * Properties of an Event.
             * @typedef {Object} rigline.v1.Event.$Properties
             * @property {Long|null} [tNs] Event tNs
             * @property {string|null} [type] Event type
             * @property {string|null} [author] Event author
             * @property {string|null} [text] Event text
             * @property {Object.<string,string>|null} [facts] Event facts
             * @property {string|null} [id] Event id
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an Event.
             * @memberof rigline.v1
             * @interface IEvent
             * @augments rigline.v1.Event.$Properties
             * @deprecated Use rigline.v1.Event.$Properties instead.
             */

            /**
             * Shape of an Event.
             * @typedef {rigline.v1.Event.$Properties} rigline.v1.Event.$Shape
             */

            /**
             * Constructs a new Event.
             * @memberof rigline.v1
             * @classdesc Represents an Event.
             * @constructor
             * @param {rigline.v1.Event.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Event = function (properties) {
                this.facts = {};
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Event tNs.
             * @member {Long} tNs
             * @memberof rigline.v1.Event
             * @instance
             */
            Event.prototype.tNs = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * Event type.
             * @member {string} type
             * @memberof rigline.v1.Event
             * @instance
             */
            Event.prototype.type = "";

            /**
             * Event author.
             * @member {string} author
             * @memberof rigline.v1.Event
             * @instance
             */
            Event.prototype.author = "";

            /**
             * Event text.
             * @member {string} text
             * @memberof rigline.v1.Event
             * @instance
             */
            Event.prototype.text = "";

            /**
             * Event facts.
             * @member {Object.<string,string>} facts
             * @memberof rigline.v1.Event
             * @instance
             */
            Event.prototype.facts = $util.emptyObject;

            /**
             * Event id.
             * @member {string} id
             * @memberof rigline.v1.Event
             * @instance
             */
            Event.prototype.id = "";

            /**
             * Creates a new Event instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Event
             * @static
             * @param {rigline.v1.Event.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Event} Event instance
             * @type {{
             *   (properties: rigline.v1.Event.$Shape): rigline.v1.Event & rigline.v1.Event.$Shape;
             *   (properties?: rigline.v1.Event.$Properties): rigline.v1.Event;
             * }}
             */
            Event.create = function(properties) {
                return new Event(properties);
            };

            /**
             * Encodes the specified Event message. Does not implicitly {@link rigline.v1.Event.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Event
             * @static
             * @param {rigline.v1.Event.$Properties} message Event message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Event.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.tNs != null && $Object.hasOwnProperty.call(message, "tNs") && (typeof message.tNs === "object" ? message.tNs.low || message.tNs.high : message.tNs !== 0))
                    writer.uint32(/* id 1, wireType 1 =*/9).sfixed64(message.tNs);
                if (message.type != null && $Object.hasOwnProperty.call(message, "type") && message.type !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.type);
                if (message.author != null && $Object.hasOwnProperty.call(message, "author") && message.author !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.author);
                if (message.text != null && $Object.hasOwnProperty.call(message, "text") && message.text !== "")
                    writer.uint32(/* id 4, wireType 2 =*/34).string(message.text);
                if (message.facts != null && $Object.hasOwnProperty.call(message, "facts"))
                    for (let keys = $Object.keys(message.facts), i = 0; i < keys.length; ++i)
                        writer.uint32(/* id 5, wireType 2 =*/42).fork().uint32(/* id 1, wireType 2 =*/10).string(keys[i]).uint32(/* id 2, wireType 2 =*/18).string(message.facts[keys[i]]).ldelim();
                if (message.id != null && $Object.hasOwnProperty.call(message, "id") && message.id !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.id);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an Event message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Event
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Event & rigline.v1.Event.$Shape} Event
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Event.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, key, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Event();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.tNs = value;
                            else
                                delete message.tNs;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.type = value;
                            else
                                delete message.type;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.author = value;
                            else
                                delete message.author;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.text = value;
                            else
                                delete message.text;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if (message.facts === $util.emptyObject)
                                message.facts = {};
                            let end2 = reader.size() + reader.pos;
                            if (end2 > reader.len)
                                throw $RangeError("index out of range");
                            reader.len = end2;
                            key = "";
                            value = "";
                            while (reader.pos < end2) {
                                let tag2 = reader.tag();
                                wireType = tag2 & 7;
                                switch (tag2 >>>= 3) {
                                case 1:
                                    if (wireType !== 2)
                                        break;
                                    key = reader.stringVerify();
                                    continue;
                                case 2:
                                    if (wireType !== 2)
                                        break;
                                    value = reader.stringVerify();
                                    continue;
                                }
                                reader.skipType(wireType, _depth, tag2);
                            }
                            if (reader.pos !== end2)
                                throw $RangeError("index out of range");
                            reader.len = end;
                            if (key === "__proto__")
                                $util.makeProp(message.facts, key);
                            message.facts[key] = value;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.id = value;
                            else
                                delete message.id;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Event;
        })();

        v1.ClockSample = (function() {

            /**
             * Properties of a ClockSample.
             * @typedef {Object} rigline.v1.ClockSample.$Properties
             * @property {Long|null} [tNs] ClockSample tNs
             * @property {Long|null} [offsetNs] ClockSample offsetNs
             * @property {Long|null} [roundTripNs] ClockSample roundTripNs
             * @property {Long|null} [stepNs] ClockSample stepNs
             * @property {Long|null} [monotonicNs] ClockSample monotonicNs
             * @property {Uint8Array|null} [bootId] ClockSample bootId
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ClockSample.
             * @memberof rigline.v1
             * @interface IClockSample
             * @augments rigline.v1.ClockSample.$Properties
             * @deprecated Use rigline.v1.ClockSample.$Properties instead.
             */

            /**
             * Shape of a ClockSample.
             * @typedef {rigline.v1.ClockSample.$Properties} rigline.v1.ClockSample.$Shape
             */

            /**
             * Constructs a new ClockSample.
             * @memberof rigline.v1
             * @classdesc Represents a ClockSample.
             * @constructor
             * @param {rigline.v1.ClockSample.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ClockSample = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ClockSample tNs.
             * @member {Long} tNs
             * @memberof rigline.v1.ClockSample
             * @instance
             */
            ClockSample.prototype.tNs = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * ClockSample offsetNs.
             * @member {Long} offsetNs
             * @memberof rigline.v1.ClockSample
             * @instance
             */
            ClockSample.prototype.offsetNs = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * ClockSample roundTripNs.
             * @member {Long} roundTripNs
             * @memberof rigline.v1.ClockSample
             * @instance
             */
            ClockSample.prototype.roundTripNs = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * ClockSample stepNs.
             * @member {Long} stepNs
             * @memberof rigline.v1.ClockSample
             * @instance
             */
            ClockSample.prototype.stepNs = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * ClockSample monotonicNs.
             * @member {Long} monotonicNs
             * @memberof rigline.v1.ClockSample
             * @instance
             */
            ClockSample.prototype.monotonicNs = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * ClockSample bootId.
             * @member {Uint8Array} bootId
             * @memberof rigline.v1.ClockSample
             * @instance
             */
            ClockSample.prototype.bootId = $util.newBuffer([]);

            /**
             * Creates a new ClockSample instance using the specified properties.
             * @function create
             * @memberof rigline.v1.ClockSample
             * @static
             * @param {rigline.v1.ClockSample.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.ClockSample} ClockSample instance
             * @type {{
             *   (properties: rigline.v1.ClockSample.$Shape): rigline.v1.ClockSample & rigline.v1.ClockSample.$Shape;
             *   (properties?: rigline.v1.ClockSample.$Properties): rigline.v1.ClockSample;
             * }}
             */
            ClockSample.create = function(properties) {
                return new ClockSample(properties);
            };

            /**
             * Encodes the specified ClockSample message. Does not implicitly {@link rigline.v1.ClockSample.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.ClockSample
             * @static
             * @param {rigline.v1.ClockSample.$Properties} message ClockSample message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ClockSample.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.tNs != null && $Object.hasOwnProperty.call(message, "tNs") && (typeof message.tNs === "object" ? message.tNs.low || message.tNs.high : message.tNs !== 0))
                    writer.uint32(/* id 1, wireType 1 =*/9).sfixed64(message.tNs);
                if (message.offsetNs != null && $Object.hasOwnProperty.call(message, "offsetNs") && (typeof message.offsetNs === "object" ? message.offsetNs.low || message.offsetNs.high : message.offsetNs !== 0))
                    writer.uint32(/* id 2, wireType 1 =*/17).sfixed64(message.offsetNs);
                if (message.roundTripNs != null && $Object.hasOwnProperty.call(message, "roundTripNs") && (typeof message.roundTripNs === "object" ? message.roundTripNs.low || message.roundTripNs.high : message.roundTripNs !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.roundTripNs);
                if (message.stepNs != null && $Object.hasOwnProperty.call(message, "stepNs") && (typeof message.stepNs === "object" ? message.stepNs.low || message.stepNs.high : message.stepNs !== 0))
                    writer.uint32(/* id 4, wireType 1 =*/33).sfixed64(message.stepNs);
                if (message.monotonicNs != null && $Object.hasOwnProperty.call(message, "monotonicNs") && (typeof message.monotonicNs === "object" ? message.monotonicNs.low || message.monotonicNs.high : message.monotonicNs !== 0))
                    writer.uint32(/* id 5, wireType 1 =*/41).sfixed64(message.monotonicNs);
                if (message.bootId != null && $Object.hasOwnProperty.call(message, "bootId") && message.bootId.length)
                    writer.uint32(/* id 6, wireType 2 =*/50).bytes(message.bootId);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ClockSample message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.ClockSample
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.ClockSample & rigline.v1.ClockSample.$Shape} ClockSample
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ClockSample.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.ClockSample();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.tNs = value;
                            else
                                delete message.tNs;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.offsetNs = value;
                            else
                                delete message.offsetNs;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.roundTripNs = value;
                            else
                                delete message.roundTripNs;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.stepNs = value;
                            else
                                delete message.stepNs;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.monotonicNs = value;
                            else
                                delete message.monotonicNs;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.bootId = value;
                            else
                                delete message.bootId;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return ClockSample;
        })();

        /**
         * Cause enum.
         * @name rigline.v1.Cause
         * @enum {number}
         * @property {number} CAUSE_UNSPECIFIED=0 CAUSE_UNSPECIFIED value
         * @property {number} AGENT_DOWN=1 AGENT_DOWN value
         * @property {number} SPOOL_FULL=2 SPOOL_FULL value
         * @property {number} SPOOL_UNWRITABLE=3 SPOOL_UNWRITABLE value
         * @property {number} SPOOL_DAMAGED=4 SPOOL_DAMAGED value
         * @property {number} SOURCE_DOWN=5 SOURCE_DOWN value
         * @property {number} REFUSED=6 REFUSED value
         * @property {number} INGEST_RESTORED=7 INGEST_RESTORED value
         * @property {number} RETENTION=8 RETENTION value
         * @property {number} AGENT_OVERLOADED=9 AGENT_OVERLOADED value
         * @property {number} JOURNAL_DAMAGED=10 JOURNAL_DAMAGED value
         * @property {number} QUARANTINE_FULL=11 QUARANTINE_FULL value
         * @property {number} AGENT_REPLACED=12 AGENT_REPLACED value
         */
        v1.Cause = (function() {
            const valuesById = $Object.create(null), values = $Object.create(valuesById);
            values[valuesById[0] = "CAUSE_UNSPECIFIED"] = 0;
            values[valuesById[1] = "AGENT_DOWN"] = 1;
            values[valuesById[2] = "SPOOL_FULL"] = 2;
            values[valuesById[3] = "SPOOL_UNWRITABLE"] = 3;
            values[valuesById[4] = "SPOOL_DAMAGED"] = 4;
            values[valuesById[5] = "SOURCE_DOWN"] = 5;
            values[valuesById[6] = "REFUSED"] = 6;
            values[valuesById[7] = "INGEST_RESTORED"] = 7;
            values[valuesById[8] = "RETENTION"] = 8;
            values[valuesById[9] = "AGENT_OVERLOADED"] = 9;
            values[valuesById[10] = "JOURNAL_DAMAGED"] = 10;
            values[valuesById[11] = "QUARANTINE_FULL"] = 11;
            values[valuesById[12] = "AGENT_REPLACED"] = 12;
            return values;
        })();

        v1.Gap = (function() {

            /**
             * Properties of a Gap.
             * @typedef {Object} rigline.v1.Gap.$Properties
             * @property {Long|null} [fromNs] Gap fromNs
             * @property {Long|null} [toNs] Gap toNs
             * @property {Array.<string>|null} [streams] Gap streams
             * @property {rigline.v1.Cause|null} [cause] Gap cause
             * @property {string|null} [detail] Gap detail
             * @property {string|null} [spool] Gap spool
             * @property {Array.<rigline.v1.Range.$Properties>|null} [numbers] Gap numbers
             * @property {Long|null} [rows] Gap rows
             * @property {string|null} [rig] Gap rig
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Gap.
             * @memberof rigline.v1
             * @interface IGap
             * @augments rigline.v1.Gap.$Properties
             * @deprecated Use rigline.v1.Gap.$Properties instead.
             */

            /**
             * Shape of a Gap.
             * @typedef {rigline.v1.Gap.$Properties} rigline.v1.Gap.$Shape
             */

            /**
             * Constructs a new Gap.
             * @memberof rigline.v1
             * @classdesc Represents a Gap.
             * @constructor
             * @param {rigline.v1.Gap.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Gap = function (properties) {
                this.streams = [];
                this.numbers = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Gap fromNs.
             * @member {Long} fromNs
             * @memberof rigline.v1.Gap
             * @instance
             */
            Gap.prototype.fromNs = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * Gap toNs.
             * @member {Long} toNs
             * @memberof rigline.v1.Gap
             * @instance
             */
            Gap.prototype.toNs = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * Gap streams.
             * @member {Array.<string>} streams
             * @memberof rigline.v1.Gap
             * @instance
             */
            Gap.prototype.streams = $util.emptyArray;

            /**
             * Gap cause.
             * @member {rigline.v1.Cause} cause
             * @memberof rigline.v1.Gap
             * @instance
             */
            Gap.prototype.cause = 0;

            /**
             * Gap detail.
             * @member {string} detail
             * @memberof rigline.v1.Gap
             * @instance
             */
            Gap.prototype.detail = "";

            /**
             * Gap spool.
             * @member {string} spool
             * @memberof rigline.v1.Gap
             * @instance
             */
            Gap.prototype.spool = "";

            /**
             * Gap numbers.
             * @member {Array.<rigline.v1.Range.$Properties>} numbers
             * @memberof rigline.v1.Gap
             * @instance
             */
            Gap.prototype.numbers = $util.emptyArray;

            /**
             * Gap rows.
             * @member {Long} rows
             * @memberof rigline.v1.Gap
             * @instance
             */
            Gap.prototype.rows = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Gap rig.
             * @member {string} rig
             * @memberof rigline.v1.Gap
             * @instance
             */
            Gap.prototype.rig = "";

            /**
             * Creates a new Gap instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Gap
             * @static
             * @param {rigline.v1.Gap.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Gap} Gap instance
             * @type {{
             *   (properties: rigline.v1.Gap.$Shape): rigline.v1.Gap & rigline.v1.Gap.$Shape;
             *   (properties?: rigline.v1.Gap.$Properties): rigline.v1.Gap;
             * }}
             */
            Gap.create = function(properties) {
                return new Gap(properties);
            };

            /**
             * Encodes the specified Gap message. Does not implicitly {@link rigline.v1.Gap.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Gap
             * @static
             * @param {rigline.v1.Gap.$Properties} message Gap message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Gap.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.fromNs != null && $Object.hasOwnProperty.call(message, "fromNs") && (typeof message.fromNs === "object" ? message.fromNs.low || message.fromNs.high : message.fromNs !== 0))
                    writer.uint32(/* id 1, wireType 1 =*/9).sfixed64(message.fromNs);
                if (message.toNs != null && $Object.hasOwnProperty.call(message, "toNs") && (typeof message.toNs === "object" ? message.toNs.low || message.toNs.high : message.toNs !== 0))
                    writer.uint32(/* id 2, wireType 1 =*/17).sfixed64(message.toNs);
                if (message.streams != null && message.streams.length)
                    for (let i = 0; i < message.streams.length; ++i)
                        writer.uint32(/* id 3, wireType 2 =*/26).string(message.streams[i]);
                if (message.cause != null && $Object.hasOwnProperty.call(message, "cause") && message.cause !== 0)
                    writer.uint32(/* id 4, wireType 0 =*/32).int32(message.cause);
                if (message.detail != null && $Object.hasOwnProperty.call(message, "detail") && message.detail !== "")
                    writer.uint32(/* id 5, wireType 2 =*/42).string(message.detail);
                if (message.spool != null && $Object.hasOwnProperty.call(message, "spool") && message.spool !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.spool);
                if (message.numbers != null && message.numbers.length)
                    for (let i = 0; i < message.numbers.length; ++i)
                        $root.rigline.v1.Range.encode(message.numbers[i], writer.uint32(/* id 7, wireType 2 =*/58).fork(), _depth + 1).ldelim();
                if (message.rows != null && $Object.hasOwnProperty.call(message, "rows") && (typeof message.rows === "object" ? message.rows.low || message.rows.high : message.rows !== 0))
                    writer.uint32(/* id 8, wireType 0 =*/64).uint64(message.rows);
                if (message.rig != null && $Object.hasOwnProperty.call(message, "rig") && message.rig !== "")
                    writer.uint32(/* id 9, wireType 2 =*/74).string(message.rig);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Gap message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Gap
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Gap & rigline.v1.Gap.$Shape} Gap
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Gap.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Gap();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.fromNs = value;
                            else
                                delete message.fromNs;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.toNs = value;
                            else
                                delete message.toNs;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if (!(message.streams && message.streams.length))
                                message.streams = [];
                            message.streams.push(reader.stringVerify());
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.int32())
                                message.cause = value;
                            else
                                delete message.cause;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.detail = value;
                            else
                                delete message.detail;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.spool = value;
                            else
                                delete message.spool;
                            continue;
                        }
                    case 7: {
                            if (wireType !== 2)
                                break;
                            if (!(message.numbers && message.numbers.length))
                                message.numbers = [];
                            message.numbers.push($root.rigline.v1.Range.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    case 8: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.rows = value;
                            else
                                delete message.rows;
                            continue;
                        }
                    case 9: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.rig = value;
                            else
                                delete message.rig;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Gap;
        })();

        v1.Range = (function() {

            /**
             * Properties of a Range.
             * @typedef {Object} rigline.v1.Range.$Properties
             * @property {Long|null} [from] Range from
             * @property {Long|null} [to] Range to
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Range.
             * @memberof rigline.v1
             * @interface IRange
             * @augments rigline.v1.Range.$Properties
             * @deprecated Use rigline.v1.Range.$Properties instead.
             */

            /**
             * Shape of a Range.
             * @typedef {rigline.v1.Range.$Properties} rigline.v1.Range.$Shape
             */

            /**
             * Constructs a new Range.
             * @memberof rigline.v1
             * @classdesc Represents a Range.
             * @constructor
             * @param {rigline.v1.Range.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Range = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Range from.
             * @member {Long} from
             * @memberof rigline.v1.Range
             * @instance
             */
            Range.prototype.from = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Range to.
             * @member {Long} to
             * @memberof rigline.v1.Range
             * @instance
             */
            Range.prototype.to = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Creates a new Range instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Range
             * @static
             * @param {rigline.v1.Range.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Range} Range instance
             * @type {{
             *   (properties: rigline.v1.Range.$Shape): rigline.v1.Range & rigline.v1.Range.$Shape;
             *   (properties?: rigline.v1.Range.$Properties): rigline.v1.Range;
             * }}
             */
            Range.create = function(properties) {
                return new Range(properties);
            };

            /**
             * Encodes the specified Range message. Does not implicitly {@link rigline.v1.Range.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Range
             * @static
             * @param {rigline.v1.Range.$Properties} message Range message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Range.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.from != null && $Object.hasOwnProperty.call(message, "from") && (typeof message.from === "object" ? message.from.low || message.from.high : message.from !== 0))
                    writer.uint32(/* id 1, wireType 0 =*/8).uint64(message.from);
                if (message.to != null && $Object.hasOwnProperty.call(message, "to") && (typeof message.to === "object" ? message.to.low || message.to.high : message.to !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.to);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Range message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Range
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Range & rigline.v1.Range.$Shape} Range
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Range.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Range();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.from = value;
                            else
                                delete message.from;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.to = value;
                            else
                                delete message.to;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Range;
        })();

        v1.Health = (function() {

            /**
             * Properties of a Health.
             * @typedef {Object} rigline.v1.Health.$Properties
             * @property {Long|null} [tNs] Health tNs
             * @property {string|null} [version] Health version
             * @property {Long|null} [memoryBytes] Health memoryBytes
             * @property {Long|null} [spoolBytes] Health spoolBytes
             * @property {Long|null} [spoolEnvelopes] Health spoolEnvelopes
             * @property {Array.<rigline.v1.SourceHealth.$Properties>|null} [sources] Health sources
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Health.
             * @memberof rigline.v1
             * @interface IHealth
             * @augments rigline.v1.Health.$Properties
             * @deprecated Use rigline.v1.Health.$Properties instead.
             */

            /**
             * Shape of a Health.
             * @typedef {rigline.v1.Health.$Properties} rigline.v1.Health.$Shape
             */

            /**
             * Constructs a new Health.
             * @memberof rigline.v1
             * @classdesc Represents a Health.
             * @constructor
             * @param {rigline.v1.Health.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Health = function (properties) {
                this.sources = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Health tNs.
             * @member {Long} tNs
             * @memberof rigline.v1.Health
             * @instance
             */
            Health.prototype.tNs = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * Health version.
             * @member {string} version
             * @memberof rigline.v1.Health
             * @instance
             */
            Health.prototype.version = "";

            /**
             * Health memoryBytes.
             * @member {Long} memoryBytes
             * @memberof rigline.v1.Health
             * @instance
             */
            Health.prototype.memoryBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Health spoolBytes.
             * @member {Long} spoolBytes
             * @memberof rigline.v1.Health
             * @instance
             */
            Health.prototype.spoolBytes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Health spoolEnvelopes.
             * @member {Long} spoolEnvelopes
             * @memberof rigline.v1.Health
             * @instance
             */
            Health.prototype.spoolEnvelopes = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Health sources.
             * @member {Array.<rigline.v1.SourceHealth.$Properties>} sources
             * @memberof rigline.v1.Health
             * @instance
             */
            Health.prototype.sources = $util.emptyArray;

            /**
             * Creates a new Health instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Health
             * @static
             * @param {rigline.v1.Health.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Health} Health instance
             * @type {{
             *   (properties: rigline.v1.Health.$Shape): rigline.v1.Health & rigline.v1.Health.$Shape;
             *   (properties?: rigline.v1.Health.$Properties): rigline.v1.Health;
             * }}
             */
            Health.create = function(properties) {
                return new Health(properties);
            };

            /**
             * Encodes the specified Health message. Does not implicitly {@link rigline.v1.Health.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Health
             * @static
             * @param {rigline.v1.Health.$Properties} message Health message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Health.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.tNs != null && $Object.hasOwnProperty.call(message, "tNs") && (typeof message.tNs === "object" ? message.tNs.low || message.tNs.high : message.tNs !== 0))
                    writer.uint32(/* id 1, wireType 1 =*/9).sfixed64(message.tNs);
                if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.version);
                if (message.memoryBytes != null && $Object.hasOwnProperty.call(message, "memoryBytes") && (typeof message.memoryBytes === "object" ? message.memoryBytes.low || message.memoryBytes.high : message.memoryBytes !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.memoryBytes);
                if (message.spoolBytes != null && $Object.hasOwnProperty.call(message, "spoolBytes") && (typeof message.spoolBytes === "object" ? message.spoolBytes.low || message.spoolBytes.high : message.spoolBytes !== 0))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.spoolBytes);
                if (message.spoolEnvelopes != null && $Object.hasOwnProperty.call(message, "spoolEnvelopes") && (typeof message.spoolEnvelopes === "object" ? message.spoolEnvelopes.low || message.spoolEnvelopes.high : message.spoolEnvelopes !== 0))
                    writer.uint32(/* id 5, wireType 0 =*/40).uint64(message.spoolEnvelopes);
                if (message.sources != null && message.sources.length)
                    for (let i = 0; i < message.sources.length; ++i)
                        $root.rigline.v1.SourceHealth.encode(message.sources[i], writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Health message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Health
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Health & rigline.v1.Health.$Shape} Health
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Health.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Health();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.tNs = value;
                            else
                                delete message.tNs;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.version = value;
                            else
                                delete message.version;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.memoryBytes = value;
                            else
                                delete message.memoryBytes;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.spoolBytes = value;
                            else
                                delete message.spoolBytes;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.spoolEnvelopes = value;
                            else
                                delete message.spoolEnvelopes;
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if (!(message.sources && message.sources.length))
                                message.sources = [];
                            message.sources.push($root.rigline.v1.SourceHealth.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Health;
        })();

        v1.SourceHealth = (function() {

            /**
             * Properties of a SourceHealth.
             * @typedef {Object} rigline.v1.SourceHealth.$Properties
             * @property {string|null} [name] SourceHealth name
             * @property {string|null} [state] SourceHealth state
             * @property {Long|null} [rows] SourceHealth rows
             * @property {Long|null} [badLines] SourceHealth badLines
             * @property {Array.<string>|null} [badLineSamples] SourceHealth badLineSamples
             * @property {string|null} [detail] SourceHealth detail
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a SourceHealth.
             * @memberof rigline.v1
             * @interface ISourceHealth
             * @augments rigline.v1.SourceHealth.$Properties
             * @deprecated Use rigline.v1.SourceHealth.$Properties instead.
             */

            /**
             * Shape of a SourceHealth.
             * @typedef {rigline.v1.SourceHealth.$Properties} rigline.v1.SourceHealth.$Shape
             */

            /**
             * Constructs a new SourceHealth.
             * @memberof rigline.v1
             * @classdesc Represents a SourceHealth.
             * @constructor
             * @param {rigline.v1.SourceHealth.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const SourceHealth = function (properties) {
                this.badLineSamples = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * SourceHealth name.
             * @member {string} name
             * @memberof rigline.v1.SourceHealth
             * @instance
             */
            SourceHealth.prototype.name = "";

            /**
             * SourceHealth state.
             * @member {string} state
             * @memberof rigline.v1.SourceHealth
             * @instance
             */
            SourceHealth.prototype.state = "";

            /**
             * SourceHealth rows.
             * @member {Long} rows
             * @memberof rigline.v1.SourceHealth
             * @instance
             */
            SourceHealth.prototype.rows = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * SourceHealth badLines.
             * @member {Long} badLines
             * @memberof rigline.v1.SourceHealth
             * @instance
             */
            SourceHealth.prototype.badLines = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * SourceHealth badLineSamples.
             * @member {Array.<string>} badLineSamples
             * @memberof rigline.v1.SourceHealth
             * @instance
             */
            SourceHealth.prototype.badLineSamples = $util.emptyArray;

            /**
             * SourceHealth detail.
             * @member {string} detail
             * @memberof rigline.v1.SourceHealth
             * @instance
             */
            SourceHealth.prototype.detail = "";

            /**
             * Creates a new SourceHealth instance using the specified properties.
             * @function create
             * @memberof rigline.v1.SourceHealth
             * @static
             * @param {rigline.v1.SourceHealth.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.SourceHealth} SourceHealth instance
             * @type {{
             *   (properties: rigline.v1.SourceHealth.$Shape): rigline.v1.SourceHealth & rigline.v1.SourceHealth.$Shape;
             *   (properties?: rigline.v1.SourceHealth.$Properties): rigline.v1.SourceHealth;
             * }}
             */
            SourceHealth.create = function(properties) {
                return new SourceHealth(properties);
            };

            /**
             * Encodes the specified SourceHealth message. Does not implicitly {@link rigline.v1.SourceHealth.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.SourceHealth
             * @static
             * @param {rigline.v1.SourceHealth.$Properties} message SourceHealth message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            SourceHealth.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.name != null && $Object.hasOwnProperty.call(message, "name") && message.name !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.name);
                if (message.state != null && $Object.hasOwnProperty.call(message, "state") && message.state !== "")
                    writer.uint32(/* id 2, wireType 2 =*/18).string(message.state);
                if (message.rows != null && $Object.hasOwnProperty.call(message, "rows") && (typeof message.rows === "object" ? message.rows.low || message.rows.high : message.rows !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.rows);
                if (message.badLines != null && $Object.hasOwnProperty.call(message, "badLines") && (typeof message.badLines === "object" ? message.badLines.low || message.badLines.high : message.badLines !== 0))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.badLines);
                if (message.badLineSamples != null && message.badLineSamples.length)
                    for (let i = 0; i < message.badLineSamples.length; ++i)
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.badLineSamples[i]);
                if (message.detail != null && $Object.hasOwnProperty.call(message, "detail") && message.detail !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.detail);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a SourceHealth message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.SourceHealth
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.SourceHealth & rigline.v1.SourceHealth.$Shape} SourceHealth
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            SourceHealth.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.SourceHealth();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.name = value;
                            else
                                delete message.name;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.state = value;
                            else
                                delete message.state;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.rows = value;
                            else
                                delete message.rows;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.badLines = value;
                            else
                                delete message.badLines;
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if (!(message.badLineSamples && message.badLineSamples.length))
                                message.badLineSamples = [];
                            message.badLineSamples.push(reader.stringVerify());
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.detail = value;
                            else
                                delete message.detail;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return SourceHealth;
        })();

        v1.Status = (function() {

            /**
             * Properties of a Status.
             * @typedef {Object} rigline.v1.Status.$Properties
             * @property {boolean|null} [online] Status online
             * @property {Long|null} [sinceNs] Status sinceNs
             * @property {string|null} [version] Status version
             * @property {Array.<rigline.v1.SpoolState.$Properties>|null} [spools] Status spools
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Status.
             * @memberof rigline.v1
             * @interface IStatus
             * @augments rigline.v1.Status.$Properties
             * @deprecated Use rigline.v1.Status.$Properties instead.
             */

            /**
             * Shape of a Status.
             * @typedef {rigline.v1.Status.$Properties} rigline.v1.Status.$Shape
             */

            /**
             * Constructs a new Status.
             * @memberof rigline.v1
             * @classdesc Represents a Status.
             * @constructor
             * @param {rigline.v1.Status.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Status = function (properties) {
                this.spools = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Status online.
             * @member {boolean} online
             * @memberof rigline.v1.Status
             * @instance
             */
            Status.prototype.online = false;

            /**
             * Status sinceNs.
             * @member {Long} sinceNs
             * @memberof rigline.v1.Status
             * @instance
             */
            Status.prototype.sinceNs = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * Status version.
             * @member {string} version
             * @memberof rigline.v1.Status
             * @instance
             */
            Status.prototype.version = "";

            /**
             * Status spools.
             * @member {Array.<rigline.v1.SpoolState.$Properties>} spools
             * @memberof rigline.v1.Status
             * @instance
             */
            Status.prototype.spools = $util.emptyArray;

            /**
             * Creates a new Status instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Status
             * @static
             * @param {rigline.v1.Status.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Status} Status instance
             * @type {{
             *   (properties: rigline.v1.Status.$Shape): rigline.v1.Status & rigline.v1.Status.$Shape;
             *   (properties?: rigline.v1.Status.$Properties): rigline.v1.Status;
             * }}
             */
            Status.create = function(properties) {
                return new Status(properties);
            };

            /**
             * Encodes the specified Status message. Does not implicitly {@link rigline.v1.Status.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Status
             * @static
             * @param {rigline.v1.Status.$Properties} message Status message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Status.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.online != null && $Object.hasOwnProperty.call(message, "online") && message.online !== false)
                    writer.uint32(/* id 1, wireType 0 =*/8).bool(message.online);
                if (message.sinceNs != null && $Object.hasOwnProperty.call(message, "sinceNs") && (typeof message.sinceNs === "object" ? message.sinceNs.low || message.sinceNs.high : message.sinceNs !== 0))
                    writer.uint32(/* id 2, wireType 1 =*/17).sfixed64(message.sinceNs);
                if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.version);
                if (message.spools != null && message.spools.length)
                    for (let i = 0; i < message.spools.length; ++i)
                        $root.rigline.v1.SpoolState.encode(message.spools[i], writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Status message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Status
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Status & rigline.v1.Status.$Shape} Status
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Status.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Status();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.online = value;
                            else
                                delete message.online;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.sinceNs = value;
                            else
                                delete message.sinceNs;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.version = value;
                            else
                                delete message.version;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 2)
                                break;
                            if (!(message.spools && message.spools.length))
                                message.spools = [];
                            message.spools.push($root.rigline.v1.SpoolState.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Status;
        })();

        v1.SpoolState = (function() {

            /**
             * Properties of a SpoolState.
             * @typedef {Object} rigline.v1.SpoolState.$Properties
             * @property {string|null} [spool] SpoolState spool
             * @property {Long|null} [first] SpoolState first
             * @property {Long|null} [last] SpoolState last
             * @property {Long|null} [through] SpoolState through
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a SpoolState.
             * @memberof rigline.v1
             * @interface ISpoolState
             * @augments rigline.v1.SpoolState.$Properties
             * @deprecated Use rigline.v1.SpoolState.$Properties instead.
             */

            /**
             * Shape of a SpoolState.
             * @typedef {rigline.v1.SpoolState.$Properties} rigline.v1.SpoolState.$Shape
             */

            /**
             * Constructs a new SpoolState.
             * @memberof rigline.v1
             * @classdesc Represents a SpoolState.
             * @constructor
             * @param {rigline.v1.SpoolState.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const SpoolState = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * SpoolState spool.
             * @member {string} spool
             * @memberof rigline.v1.SpoolState
             * @instance
             */
            SpoolState.prototype.spool = "";

            /**
             * SpoolState first.
             * @member {Long} first
             * @memberof rigline.v1.SpoolState
             * @instance
             */
            SpoolState.prototype.first = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * SpoolState last.
             * @member {Long} last
             * @memberof rigline.v1.SpoolState
             * @instance
             */
            SpoolState.prototype.last = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * SpoolState through.
             * @member {Long} through
             * @memberof rigline.v1.SpoolState
             * @instance
             */
            SpoolState.prototype.through = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Creates a new SpoolState instance using the specified properties.
             * @function create
             * @memberof rigline.v1.SpoolState
             * @static
             * @param {rigline.v1.SpoolState.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.SpoolState} SpoolState instance
             * @type {{
             *   (properties: rigline.v1.SpoolState.$Shape): rigline.v1.SpoolState & rigline.v1.SpoolState.$Shape;
             *   (properties?: rigline.v1.SpoolState.$Properties): rigline.v1.SpoolState;
             * }}
             */
            SpoolState.create = function(properties) {
                return new SpoolState(properties);
            };

            /**
             * Encodes the specified SpoolState message. Does not implicitly {@link rigline.v1.SpoolState.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.SpoolState
             * @static
             * @param {rigline.v1.SpoolState.$Properties} message SpoolState message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            SpoolState.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.spool != null && $Object.hasOwnProperty.call(message, "spool") && message.spool !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.spool);
                if (message.first != null && $Object.hasOwnProperty.call(message, "first") && (typeof message.first === "object" ? message.first.low || message.first.high : message.first !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.first);
                if (message.last != null && $Object.hasOwnProperty.call(message, "last") && (typeof message.last === "object" ? message.last.low || message.last.high : message.last !== 0))
                    writer.uint32(/* id 3, wireType 0 =*/24).uint64(message.last);
                if (message.through != null && $Object.hasOwnProperty.call(message, "through") && (typeof message.through === "object" ? message.through.low || message.through.high : message.through !== 0))
                    writer.uint32(/* id 4, wireType 0 =*/32).uint64(message.through);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a SpoolState message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.SpoolState
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.SpoolState & rigline.v1.SpoolState.$Shape} SpoolState
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            SpoolState.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.SpoolState();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.spool = value;
                            else
                                delete message.spool;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.first = value;
                            else
                                delete message.first;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.last = value;
                            else
                                delete message.last;
                            continue;
                        }
                    case 4: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.through = value;
                            else
                                delete message.through;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return SpoolState;
        })();

        v1.Down = (function() {

            /**
             * Properties of a Down.
             * @typedef {Object} rigline.v1.Down.$Properties
             * @property {rigline.v1.Receipt.$Properties|null} [receipt] Down receipt
             * @property {rigline.v1.ClockReply.$Properties|null} [clockReply] Down clockReply
             * @property {rigline.v1.SchemaRequest.$Properties|null} [schemaRequest] Down schemaRequest
             * @property {"receipt"|"clockReply"|"schemaRequest"} [body] Down body
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Down.
             * @memberof rigline.v1
             * @interface IDown
             * @augments rigline.v1.Down.$Properties
             * @deprecated Use rigline.v1.Down.$Properties instead.
             */

            /**
             * Narrowed shape of a Down.
             * @typedef {{
             *   receipt?: rigline.v1.Receipt.$Shape|null;
             *   clockReply?: rigline.v1.ClockReply.$Shape|null;
             *   schemaRequest?: rigline.v1.SchemaRequest.$Shape|null;
             *   $unknowns?: Array.<Uint8Array>;
             * } & (
             *   ({ body?: undefined; receipt?: null; clockReply?: null; schemaRequest?: null }|{ body?: "receipt"; receipt: rigline.v1.Receipt.$Shape; clockReply?: null; schemaRequest?: null }|{ body?: "clockReply"; receipt?: null; clockReply: rigline.v1.ClockReply.$Shape; schemaRequest?: null }|{ body?: "schemaRequest"; receipt?: null; clockReply?: null; schemaRequest: rigline.v1.SchemaRequest.$Shape })
             * )} rigline.v1.Down.$Shape
             */

            /**
             * Constructs a new Down.
             * @memberof rigline.v1
             * @classdesc Represents a Down.
             * @constructor
             * @param {rigline.v1.Down.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Down = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Down receipt.
             * @member {rigline.v1.Receipt.$Properties|null|undefined} receipt
             * @memberof rigline.v1.Down
             * @instance
             */
            Down.prototype.receipt = null;

            /**
             * Down clockReply.
             * @member {rigline.v1.ClockReply.$Properties|null|undefined} clockReply
             * @memberof rigline.v1.Down
             * @instance
             */
            Down.prototype.clockReply = null;

            /**
             * Down schemaRequest.
             * @member {rigline.v1.SchemaRequest.$Properties|null|undefined} schemaRequest
             * @memberof rigline.v1.Down
             * @instance
             */
            Down.prototype.schemaRequest = null;

            // OneOf field names bound to virtual getters and setters
            let $oneOfFields;

            /**
             * Down body.
             * @member {"receipt"|"clockReply"|"schemaRequest"|undefined} body
             * @memberof rigline.v1.Down
             * @instance
             */
            $Object.defineProperty(Down.prototype, "body", {
                get: $util.oneOfGetter($oneOfFields = ["receipt", "clockReply", "schemaRequest"]),
                set: $util.oneOfSetter($oneOfFields)
            });

            /**
             * Creates a new Down instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Down
             * @static
             * @param {rigline.v1.Down.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Down} Down instance
             * @type {{
             *   (properties: rigline.v1.Down.$Shape): rigline.v1.Down & rigline.v1.Down.$Shape;
             *   (properties?: rigline.v1.Down.$Properties): rigline.v1.Down;
             * }}
             */
            Down.create = function(properties) {
                return new Down(properties);
            };

            /**
             * Encodes the specified Down message. Does not implicitly {@link rigline.v1.Down.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Down
             * @static
             * @param {rigline.v1.Down.$Properties} message Down message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Down.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.receipt != null && $Object.hasOwnProperty.call(message, "receipt"))
                    $root.rigline.v1.Receipt.encode(message.receipt, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
                if (message.clockReply != null && $Object.hasOwnProperty.call(message, "clockReply"))
                    $root.rigline.v1.ClockReply.encode(message.clockReply, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
                if (message.schemaRequest != null && $Object.hasOwnProperty.call(message, "schemaRequest"))
                    $root.rigline.v1.SchemaRequest.encode(message.schemaRequest, writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Down message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Down
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Down & rigline.v1.Down.$Shape} Down
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Down.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Down();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            message.receipt = $root.rigline.v1.Receipt.decode(reader, reader.size(), $undefined, _depth + 1, message.receipt);
                            message.body = "receipt";
                            continue;
                        }
                    case 2: {
                            if (wireType !== 2)
                                break;
                            message.clockReply = $root.rigline.v1.ClockReply.decode(reader, reader.size(), $undefined, _depth + 1, message.clockReply);
                            message.body = "clockReply";
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            message.schemaRequest = $root.rigline.v1.SchemaRequest.decode(reader, reader.size(), $undefined, _depth + 1, message.schemaRequest);
                            message.body = "schemaRequest";
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Down;
        })();

        v1.Receipt = (function() {

            /**
             * Properties of a Receipt.
             * @typedef {Object} rigline.v1.Receipt.$Properties
             * @property {string|null} [spool] Receipt spool
             * @property {Long|null} [through] Receipt through
             * @property {Array.<rigline.v1.Range.$Properties>|null} [ranges] Receipt ranges
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a Receipt.
             * @memberof rigline.v1
             * @interface IReceipt
             * @augments rigline.v1.Receipt.$Properties
             * @deprecated Use rigline.v1.Receipt.$Properties instead.
             */

            /**
             * Shape of a Receipt.
             * @typedef {rigline.v1.Receipt.$Properties} rigline.v1.Receipt.$Shape
             */

            /**
             * Constructs a new Receipt.
             * @memberof rigline.v1
             * @classdesc Represents a Receipt.
             * @constructor
             * @param {rigline.v1.Receipt.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const Receipt = function (properties) {
                this.ranges = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * Receipt spool.
             * @member {string} spool
             * @memberof rigline.v1.Receipt
             * @instance
             */
            Receipt.prototype.spool = "";

            /**
             * Receipt through.
             * @member {Long} through
             * @memberof rigline.v1.Receipt
             * @instance
             */
            Receipt.prototype.through = $util.Long ? $util.Long.fromBits(0,0,true) : 0;

            /**
             * Receipt ranges.
             * @member {Array.<rigline.v1.Range.$Properties>} ranges
             * @memberof rigline.v1.Receipt
             * @instance
             */
            Receipt.prototype.ranges = $util.emptyArray;

            /**
             * Creates a new Receipt instance using the specified properties.
             * @function create
             * @memberof rigline.v1.Receipt
             * @static
             * @param {rigline.v1.Receipt.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.Receipt} Receipt instance
             * @type {{
             *   (properties: rigline.v1.Receipt.$Shape): rigline.v1.Receipt & rigline.v1.Receipt.$Shape;
             *   (properties?: rigline.v1.Receipt.$Properties): rigline.v1.Receipt;
             * }}
             */
            Receipt.create = function(properties) {
                return new Receipt(properties);
            };

            /**
             * Encodes the specified Receipt message. Does not implicitly {@link rigline.v1.Receipt.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.Receipt
             * @static
             * @param {rigline.v1.Receipt.$Properties} message Receipt message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            Receipt.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.spool != null && $Object.hasOwnProperty.call(message, "spool") && message.spool !== "")
                    writer.uint32(/* id 1, wireType 2 =*/10).string(message.spool);
                if (message.through != null && $Object.hasOwnProperty.call(message, "through") && (typeof message.through === "object" ? message.through.low || message.through.high : message.through !== 0))
                    writer.uint32(/* id 2, wireType 0 =*/16).uint64(message.through);
                if (message.ranges != null && message.ranges.length)
                    for (let i = 0; i < message.ranges.length; ++i)
                        $root.rigline.v1.Range.encode(message.ranges[i], writer.uint32(/* id 3, wireType 2 =*/26).fork(), _depth + 1).ldelim();
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a Receipt message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.Receipt
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.Receipt & rigline.v1.Receipt.$Shape} Receipt
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            Receipt.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.Receipt();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.spool = value;
                            else
                                delete message.spool;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 0)
                                break;
                            if (typeof (value = reader.uint64()) === "object" ? value.low || value.high : value !== 0)
                                message.through = value;
                            else
                                delete message.through;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if (!(message.ranges && message.ranges.length))
                                message.ranges = [];
                            message.ranges.push($root.rigline.v1.Range.decode(reader, reader.size(), $undefined, _depth + 1));
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return Receipt;
        })();

        v1.SchemaRequest = (function() {

            /**
             * Properties of a SchemaRequest.
             * @typedef {Object} rigline.v1.SchemaRequest.$Properties
             * @property {Uint8Array|null} [schema] SchemaRequest schema
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a SchemaRequest.
             * @memberof rigline.v1
             * @interface ISchemaRequest
             * @augments rigline.v1.SchemaRequest.$Properties
             * @deprecated Use rigline.v1.SchemaRequest.$Properties instead.
             */

            /**
             * Shape of a SchemaRequest.
             * @typedef {rigline.v1.SchemaRequest.$Properties} rigline.v1.SchemaRequest.$Shape
             */

            /**
             * Constructs a new SchemaRequest.
             * @memberof rigline.v1
             * @classdesc Represents a SchemaRequest.
             * @constructor
             * @param {rigline.v1.SchemaRequest.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const SchemaRequest = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * SchemaRequest schema.
             * @member {Uint8Array} schema
             * @memberof rigline.v1.SchemaRequest
             * @instance
             */
            SchemaRequest.prototype.schema = $util.newBuffer([]);

            /**
             * Creates a new SchemaRequest instance using the specified properties.
             * @function create
             * @memberof rigline.v1.SchemaRequest
             * @static
             * @param {rigline.v1.SchemaRequest.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.SchemaRequest} SchemaRequest instance
             * @type {{
             *   (properties: rigline.v1.SchemaRequest.$Shape): rigline.v1.SchemaRequest & rigline.v1.SchemaRequest.$Shape;
             *   (properties?: rigline.v1.SchemaRequest.$Properties): rigline.v1.SchemaRequest;
             * }}
             */
            SchemaRequest.create = function(properties) {
                return new SchemaRequest(properties);
            };

            /**
             * Encodes the specified SchemaRequest message. Does not implicitly {@link rigline.v1.SchemaRequest.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.SchemaRequest
             * @static
             * @param {rigline.v1.SchemaRequest.$Properties} message SchemaRequest message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            SchemaRequest.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.schema != null && $Object.hasOwnProperty.call(message, "schema") && message.schema.length)
                    writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.schema);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a SchemaRequest message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.SchemaRequest
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.SchemaRequest & rigline.v1.SchemaRequest.$Shape} SchemaRequest
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            SchemaRequest.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.SchemaRequest();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.bytes()).length)
                                message.schema = value;
                            else
                                delete message.schema;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return SchemaRequest;
        })();

        v1.ClockProbe = (function() {

            /**
             * Properties of a ClockProbe.
             * @typedef {Object} rigline.v1.ClockProbe.$Properties
             * @property {Long|null} [t1Ns] ClockProbe t1Ns
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ClockProbe.
             * @memberof rigline.v1
             * @interface IClockProbe
             * @augments rigline.v1.ClockProbe.$Properties
             * @deprecated Use rigline.v1.ClockProbe.$Properties instead.
             */

            /**
             * Shape of a ClockProbe.
             * @typedef {rigline.v1.ClockProbe.$Properties} rigline.v1.ClockProbe.$Shape
             */

            /**
             * Constructs a new ClockProbe.
             * @memberof rigline.v1
             * @classdesc Represents a ClockProbe.
             * @constructor
             * @param {rigline.v1.ClockProbe.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ClockProbe = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ClockProbe t1Ns.
             * @member {Long} t1Ns
             * @memberof rigline.v1.ClockProbe
             * @instance
             */
            ClockProbe.prototype.t1Ns = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * Creates a new ClockProbe instance using the specified properties.
             * @function create
             * @memberof rigline.v1.ClockProbe
             * @static
             * @param {rigline.v1.ClockProbe.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.ClockProbe} ClockProbe instance
             * @type {{
             *   (properties: rigline.v1.ClockProbe.$Shape): rigline.v1.ClockProbe & rigline.v1.ClockProbe.$Shape;
             *   (properties?: rigline.v1.ClockProbe.$Properties): rigline.v1.ClockProbe;
             * }}
             */
            ClockProbe.create = function(properties) {
                return new ClockProbe(properties);
            };

            /**
             * Encodes the specified ClockProbe message. Does not implicitly {@link rigline.v1.ClockProbe.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.ClockProbe
             * @static
             * @param {rigline.v1.ClockProbe.$Properties} message ClockProbe message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ClockProbe.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.t1Ns != null && $Object.hasOwnProperty.call(message, "t1Ns") && (typeof message.t1Ns === "object" ? message.t1Ns.low || message.t1Ns.high : message.t1Ns !== 0))
                    writer.uint32(/* id 1, wireType 1 =*/9).sfixed64(message.t1Ns);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ClockProbe message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.ClockProbe
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.ClockProbe & rigline.v1.ClockProbe.$Shape} ClockProbe
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ClockProbe.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.ClockProbe();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.t1Ns = value;
                            else
                                delete message.t1Ns;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return ClockProbe;
        })();

        v1.ClockReply = (function() {

            /**
             * Properties of a ClockReply.
             * @typedef {Object} rigline.v1.ClockReply.$Properties
             * @property {Long|null} [t1Ns] ClockReply t1Ns
             * @property {Long|null} [t2Ns] ClockReply t2Ns
             * @property {Long|null} [t3Ns] ClockReply t3Ns
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of a ClockReply.
             * @memberof rigline.v1
             * @interface IClockReply
             * @augments rigline.v1.ClockReply.$Properties
             * @deprecated Use rigline.v1.ClockReply.$Properties instead.
             */

            /**
             * Shape of a ClockReply.
             * @typedef {rigline.v1.ClockReply.$Properties} rigline.v1.ClockReply.$Shape
             */

            /**
             * Constructs a new ClockReply.
             * @memberof rigline.v1
             * @classdesc Represents a ClockReply.
             * @constructor
             * @param {rigline.v1.ClockReply.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const ClockReply = function (properties) {
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * ClockReply t1Ns.
             * @member {Long} t1Ns
             * @memberof rigline.v1.ClockReply
             * @instance
             */
            ClockReply.prototype.t1Ns = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * ClockReply t2Ns.
             * @member {Long} t2Ns
             * @memberof rigline.v1.ClockReply
             * @instance
             */
            ClockReply.prototype.t2Ns = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * ClockReply t3Ns.
             * @member {Long} t3Ns
             * @memberof rigline.v1.ClockReply
             * @instance
             */
            ClockReply.prototype.t3Ns = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * Creates a new ClockReply instance using the specified properties.
             * @function create
             * @memberof rigline.v1.ClockReply
             * @static
             * @param {rigline.v1.ClockReply.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.ClockReply} ClockReply instance
             * @type {{
             *   (properties: rigline.v1.ClockReply.$Shape): rigline.v1.ClockReply & rigline.v1.ClockReply.$Shape;
             *   (properties?: rigline.v1.ClockReply.$Properties): rigline.v1.ClockReply;
             * }}
             */
            ClockReply.create = function(properties) {
                return new ClockReply(properties);
            };

            /**
             * Encodes the specified ClockReply message. Does not implicitly {@link rigline.v1.ClockReply.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.ClockReply
             * @static
             * @param {rigline.v1.ClockReply.$Properties} message ClockReply message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            ClockReply.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.t1Ns != null && $Object.hasOwnProperty.call(message, "t1Ns") && (typeof message.t1Ns === "object" ? message.t1Ns.low || message.t1Ns.high : message.t1Ns !== 0))
                    writer.uint32(/* id 1, wireType 1 =*/9).sfixed64(message.t1Ns);
                if (message.t2Ns != null && $Object.hasOwnProperty.call(message, "t2Ns") && (typeof message.t2Ns === "object" ? message.t2Ns.low || message.t2Ns.high : message.t2Ns !== 0))
                    writer.uint32(/* id 2, wireType 1 =*/17).sfixed64(message.t2Ns);
                if (message.t3Ns != null && $Object.hasOwnProperty.call(message, "t3Ns") && (typeof message.t3Ns === "object" ? message.t3Ns.low || message.t3Ns.high : message.t3Ns !== 0))
                    writer.uint32(/* id 3, wireType 1 =*/25).sfixed64(message.t3Ns);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes a ClockReply message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.ClockReply
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.ClockReply & rigline.v1.ClockReply.$Shape} ClockReply
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            ClockReply.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.ClockReply();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.t1Ns = value;
                            else
                                delete message.t1Ns;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.t2Ns = value;
                            else
                                delete message.t2Ns;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.t3Ns = value;
                            else
                                delete message.t3Ns;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return ClockReply;
        })();

        v1.IngestStatus = (function() {

            /**
             * Properties of an IngestStatus.
             * @typedef {Object} rigline.v1.IngestStatus.$Properties
             * @property {boolean|null} [online] IngestStatus online
             * @property {Long|null} [sinceNs] IngestStatus sinceNs
             * @property {string|null} [version] IngestStatus version
             * @property {Array.<number>|null} [protocols] IngestStatus protocols
             * @property {Array.<string>|null} [groups] IngestStatus groups
             * @property {string|null} [instance] IngestStatus instance
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */

            /**
             * Properties of an IngestStatus.
             * @memberof rigline.v1
             * @interface IIngestStatus
             * @augments rigline.v1.IngestStatus.$Properties
             * @deprecated Use rigline.v1.IngestStatus.$Properties instead.
             */

            /**
             * Shape of an IngestStatus.
             * @typedef {rigline.v1.IngestStatus.$Properties} rigline.v1.IngestStatus.$Shape
             */

            /**
             * Constructs a new IngestStatus.
             * @memberof rigline.v1
             * @classdesc Represents an IngestStatus.
             * @constructor
             * @param {rigline.v1.IngestStatus.$Properties=} [properties] Properties to set
             * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
             */
            const IngestStatus = function (properties) {
                this.protocols = [];
                this.groups = [];
                if (properties)
                    for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                        if (properties[keys[i]] != null && keys[i] !== "__proto__")
                            this[keys[i]] = properties[keys[i]];
            };

            /**
             * IngestStatus online.
             * @member {boolean} online
             * @memberof rigline.v1.IngestStatus
             * @instance
             */
            IngestStatus.prototype.online = false;

            /**
             * IngestStatus sinceNs.
             * @member {Long} sinceNs
             * @memberof rigline.v1.IngestStatus
             * @instance
             */
            IngestStatus.prototype.sinceNs = $util.Long ? $util.Long.fromBits(0,0,false) : 0;

            /**
             * IngestStatus version.
             * @member {string} version
             * @memberof rigline.v1.IngestStatus
             * @instance
             */
            IngestStatus.prototype.version = "";

            /**
             * IngestStatus protocols.
             * @member {Array.<number>} protocols
             * @memberof rigline.v1.IngestStatus
             * @instance
             */
            IngestStatus.prototype.protocols = $util.emptyArray;

            /**
             * IngestStatus groups.
             * @member {Array.<string>} groups
             * @memberof rigline.v1.IngestStatus
             * @instance
             */
            IngestStatus.prototype.groups = $util.emptyArray;

            /**
             * IngestStatus instance.
             * @member {string} instance
             * @memberof rigline.v1.IngestStatus
             * @instance
             */
            IngestStatus.prototype.instance = "";

            /**
             * Creates a new IngestStatus instance using the specified properties.
             * @function create
             * @memberof rigline.v1.IngestStatus
             * @static
             * @param {rigline.v1.IngestStatus.$Properties=} [properties] Properties to set
             * @returns {rigline.v1.IngestStatus} IngestStatus instance
             * @type {{
             *   (properties: rigline.v1.IngestStatus.$Shape): rigline.v1.IngestStatus & rigline.v1.IngestStatus.$Shape;
             *   (properties?: rigline.v1.IngestStatus.$Properties): rigline.v1.IngestStatus;
             * }}
             */
            IngestStatus.create = function(properties) {
                return new IngestStatus(properties);
            };

            /**
             * Encodes the specified IngestStatus message. Does not implicitly {@link rigline.v1.IngestStatus.verify|verify} messages.
             * @function encode
             * @memberof rigline.v1.IngestStatus
             * @static
             * @param {rigline.v1.IngestStatus.$Properties} message IngestStatus message or plain object to encode
             * @param {$protobuf.Writer} [writer] Writer to encode to
             * @returns {$protobuf.Writer} Writer
             */
            IngestStatus.encode = function (message, writer, _depth) {
                if (!writer)
                    writer = $Writer.create();
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $util.recursionLimit)
                    throw $Error("max depth exceeded");
                if (message.online != null && $Object.hasOwnProperty.call(message, "online") && message.online !== false)
                    writer.uint32(/* id 1, wireType 0 =*/8).bool(message.online);
                if (message.sinceNs != null && $Object.hasOwnProperty.call(message, "sinceNs") && (typeof message.sinceNs === "object" ? message.sinceNs.low || message.sinceNs.high : message.sinceNs !== 0))
                    writer.uint32(/* id 2, wireType 1 =*/17).sfixed64(message.sinceNs);
                if (message.version != null && $Object.hasOwnProperty.call(message, "version") && message.version !== "")
                    writer.uint32(/* id 3, wireType 2 =*/26).string(message.version);
                if (message.protocols != null && message.protocols.length)
                    writer.uint32(/* id 4, wireType 2 =*/34).uint32s(message.protocols);
                if (message.groups != null && message.groups.length)
                    for (let i = 0; i < message.groups.length; ++i)
                        writer.uint32(/* id 5, wireType 2 =*/42).string(message.groups[i]);
                if (message.instance != null && $Object.hasOwnProperty.call(message, "instance") && message.instance !== "")
                    writer.uint32(/* id 6, wireType 2 =*/50).string(message.instance);
                if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
                    for (let i = 0; i < message.$unknowns.length; ++i)
                        writer.raw(message.$unknowns[i]);
                return writer;
            };

            /**
             * Decodes an IngestStatus message from the specified reader or buffer.
             * @function decode
             * @memberof rigline.v1.IngestStatus
             * @static
             * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
             * @param {number} [length] Message length if known beforehand
             * @returns {rigline.v1.IngestStatus & rigline.v1.IngestStatus.$Shape} IngestStatus
             * @throws {Error} If the payload is not a reader or valid buffer
             * @throws {$protobuf.util.ProtocolError} If required fields are missing
             */
            IngestStatus.decode = function (reader, length, _end, _depth, _target) {
                if (!(reader instanceof $Reader))
                    reader = $Reader.create(reader);
                if (_depth === $undefined)
                    _depth = 0;
                if (_depth > $Reader.recursionLimit)
                    throw $Error("max depth exceeded");
                let end, message, value;
                if (length === $undefined)
                    end = reader.len;
                else {
                    end = reader.pos + length;
                    if (end > reader.len)
                        throw $RangeError("index out of range");
                    length = reader.len;
                    reader.len = end;
                }
                message = _target || new $root.rigline.v1.IngestStatus();
                while (reader.pos < end) {
                    let start = reader.pos;
                    let tag = reader.tag();
                    if (tag === _end) {
                        _end = $undefined;
                        break;
                    }
                    let wireType = tag & 7;
                    switch (tag >>>= 3) {
                    case 1: {
                            if (wireType !== 0)
                                break;
                            if (value = reader.bool())
                                message.online = value;
                            else
                                delete message.online;
                            continue;
                        }
                    case 2: {
                            if (wireType !== 1)
                                break;
                            if (typeof (value = reader.sfixed64()) === "object" ? value.low || value.high : value !== 0)
                                message.sinceNs = value;
                            else
                                delete message.sinceNs;
                            continue;
                        }
                    case 3: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.version = value;
                            else
                                delete message.version;
                            continue;
                        }
                    case 4: {
                            if (wireType === 2) {
                                if (!(message.protocols && message.protocols.length))
                                    message.protocols = [];
                                reader.uint32s(message.protocols);
                                continue;
                            }
                            if (wireType !== 0)
                                break;
                            if (!(message.protocols && message.protocols.length))
                                message.protocols = [];
                            message.protocols.push(reader.uint32());
                            continue;
                        }
                    case 5: {
                            if (wireType !== 2)
                                break;
                            if (!(message.groups && message.groups.length))
                                message.groups = [];
                            message.groups.push(reader.stringVerify());
                            continue;
                        }
                    case 6: {
                            if (wireType !== 2)
                                break;
                            if ((value = reader.stringVerify()).length)
                                message.instance = value;
                            else
                                delete message.instance;
                            continue;
                        }
                    }
                    reader.skipType(wireType, _depth, tag);
                    if (!reader.discardUnknown) {
                        $util.makeProp(message, "$unknowns", false);
                        (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
                    }
                }
                if (length !== $undefined) {
                    if (reader.pos !== end)
                        throw $RangeError("index out of range");
                    reader.len = length;
                }
                if (_end !== $undefined)
                    throw $Error("missing end group");
                return message;
            };

            return IngestStatus;
        })();

        return v1;
    })();

    return rigline;
})();

export {
  $root as default
};
