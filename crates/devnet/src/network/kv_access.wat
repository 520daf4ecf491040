;; Reads and writes a KV store for the host.
;;
;; Viceroy's KV store cannot be reached from outside, only by a program that
;; runs on it. This one does what a request says:
;;
;;   GET, no `key`    the keys as JSON, from `cursor` on
;;   GET, `key`       the value; its metadata comes in the `metadata` header
;;   PUT, `key`       stores the body, with the `metadata` header
;;
;; The header `store` names the store. A missing key is 404; anything else that
;; goes wrong traps.
;;
;; Memory:  0 request  4 body  8 response  12 store  16 pending  20 kv error
;;          24 length  32 generation  64 configuration (40 bytes)
;;          512 method  1024 store name  2048 key  4096 metadata  8192 cursor
(module
  (import "fastly_http_req" "body_downstream_get"
    (func $downstream (param i32 i32) (result i32)))
  (import "fastly_http_req" "method_get"
    (func $method (param i32 i32 i32 i32) (result i32)))
  (import "fastly_http_req" "header_value_get"
    (func $header (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "new" (func $response (param i32) (result i32)))
  (import "fastly_http_resp" "status_set" (func $status (param i32 i32) (result i32)))
  (import "fastly_http_resp" "header_insert"
    (func $insert_header (param i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_http_resp" "send_downstream"
    (func $send (param i32 i32 i32) (result i32)))
  (import "fastly_http_body" "new" (func $body (param i32) (result i32)))
  (import "fastly_kv_store" "open" (func $open (param i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "lookup"
    (func $lookup (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "lookup_wait_v2"
    (func $lookup_wait (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "insert"
    (func $insert (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "insert_wait" (func $insert_wait (param i32 i32) (result i32)))
  (import "fastly_kv_store" "list" (func $list (param i32 i32 i32 i32) (result i32)))
  (import "fastly_kv_store" "list_wait" (func $list_wait (param i32 i32 i32) (result i32)))

  (memory (export "memory") 1)
  (data (i32.const 256) "store")
  (data (i32.const 264) "key")
  (data (i32.const 272) "metadata")
  (data (i32.const 288) "cursor")

  (func $must (param $status i32)
    (if (local.get $status) (then unreachable)))

  ;; Copies a header of the request to $to and gives its length; 0 for none.
  (func $copy (param $name i32) (param $length i32) (param $to i32) (param $room i32) (result i32)
    (i32.store (i32.const 24) (i32.const 0))
    (if (result i32)
      (call $header (i32.load (i32.const 0)) (local.get $name) (local.get $length)
        (local.get $to) (local.get $room) (i32.const 24))
      (then (i32.const 0))
      (else (i32.load (i32.const 24)))))

  (func $answer (param $status i32) (param $body i32)
    (call $must (call $status (i32.load (i32.const 8)) (local.get $status)))
    (call $must (call $send (i32.load (i32.const 8)) (local.get $body) (i32.const 0))))

  (func $answer_empty (param $status i32)
    (call $must (call $body (i32.const 4)))
    (call $answer (local.get $status) (i32.load (i32.const 4))))

  ;; kv_list_config: mode, cursor, its length, limit, prefix, its length.
  ;; Mask: 2 cursor, 4 limit.
  (func $do_list
    (local $cursor i32)
    (local.set $cursor
      (call $copy (i32.const 288) (i32.const 6) (i32.const 8192) (i32.const 8192)))
    (i32.store (i32.const 68) (i32.const 8192))
    (i32.store (i32.const 72) (local.get $cursor))
    (i32.store (i32.const 76) (i32.const 1000))
    (call $must (call $list (i32.load (i32.const 12))
      (select (i32.const 6) (i32.const 4) (local.get $cursor)) (i32.const 64) (i32.const 16)))
    (call $must (call $list_wait (i32.load (i32.const 16)) (i32.const 4) (i32.const 20)))
    (call $answer (i32.const 200) (i32.load (i32.const 4))))

  (func $do_get (param $key i32)
    (call $must (call $lookup (i32.load (i32.const 12)) (i32.const 2048) (local.get $key)
      (i32.const 0) (i32.const 64) (i32.const 16)))
    (i32.store (i32.const 24) (i32.const 0))
    (call $must (call $lookup_wait (i32.load (i32.const 16)) (i32.const 4) (i32.const 4096)
      (i32.const 4096) (i32.const 24) (i32.const 32) (i32.const 20)))
    ;; kv_error 1 is "ok"
    (if (i32.ne (i32.load (i32.const 20)) (i32.const 1))
      (then (call $answer_empty (i32.const 404)) (return)))
    (if (i32.load (i32.const 24))
      (then (call $must (call $insert_header (i32.load (i32.const 8)) (i32.const 272)
        (i32.const 8) (i32.const 4096) (i32.load (i32.const 24))))))
    (call $answer (i32.const 200) (i32.load (i32.const 4))))

  ;; kv_insert_config: mode (0 overwrite), unused, metadata, its length, ttl,
  ;; generation. Mask: 8 metadata.
  (func $do_put (param $key i32)
    (local $metadata i32)
    (local.set $metadata
      (call $copy (i32.const 272) (i32.const 8) (i32.const 4096) (i32.const 4096)))
    (i32.store (i32.const 72) (i32.const 4096))
    (i32.store (i32.const 76) (local.get $metadata))
    (call $must (call $insert (i32.load (i32.const 12)) (i32.const 2048) (local.get $key)
      (i32.load (i32.const 4))
      (select (i32.const 8) (i32.const 0) (local.get $metadata)) (i32.const 64) (i32.const 16)))
    (call $must (call $insert_wait (i32.load (i32.const 16)) (i32.const 20)))
    (if (i32.ne (i32.load (i32.const 20)) (i32.const 1)) (then unreachable))
    (call $answer_empty (i32.const 204)))

  (func (export "_start")
    (local $key i32)
    (call $must (call $downstream (i32.const 0) (i32.const 4)))
    (call $must (call $response (i32.const 8)))
    (call $must (call $open (i32.const 1024)
      (call $copy (i32.const 256) (i32.const 5) (i32.const 1024) (i32.const 512))
      (i32.const 12)))
    (local.set $key (call $copy (i32.const 264) (i32.const 3) (i32.const 2048) (i32.const 1024)))
    (call $must (call $method (i32.load (i32.const 0)) (i32.const 512) (i32.const 16)
      (i32.const 24)))
    (if (i32.eq (i32.load8_u (i32.const 512)) (i32.const 80)) ;; P
      (then (call $do_put (local.get $key)) (return)))
    (if (local.get $key)
      (then (call $do_get (local.get $key)))
      (else (call $do_list)))))
